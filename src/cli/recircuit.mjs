#!/usr/bin/env node
/** The command `recircuit`: set-up where it is needed, then src/cli/main.ts. Plain JavaScript, since Node 20 reads no TypeScript. */
import { runVerb } from '../setup/verbs.mjs';

await runVerb('cli', process.argv.slice(2));
