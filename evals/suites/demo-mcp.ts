/**
 * A finding reproduced by an agent outside: a client program of the stock MCP SDK, this process, starts `recircuit mcp` as a
 * coding agent would and drives the run over its stdin and stdout, by a recorded list of decisions. `npm run demo:mcp`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { JsonObject } from '../../src/contract/index.ts';
import { safe } from '../../src/report/index.ts';
import { root } from '../../src/root.ts';
import { readScript } from '../servers/script.ts';
import { type Decision, McpAgent, type Said } from './mcp-client.ts';

/** Where the record of the last demonstration stays, to be looked at. */
const HOME = 'runs/demo-mcp';
/** Lines of an answer that are shown. */
const SHOWN = 9;
const WIDTH = 150;

/** The calls of a recorded list of decisions up to its first claim: what follows answers a language model's review, which nobody makes here. */
export function decisionsOf(finding: string): Decision[] {
  const calls = readScript(finding).turns.flatMap(({ call }) =>
    call ? [{ tool: call.tool, input: call.input as JsonObject }] : [],
  );
  return calls.slice(0, calls.findIndex(({ tool }) => tool === 'claim') + 1);
}

/** How this checkout's server is started, on a home folder of its own. */
export function serverIn(home: string, ...words: string[]): { command: string; args: string[] } {
  const main = join(root, 'src/cli/main.ts');
  return { command: process.execPath, args: ['--import', 'tsx', main, '--home', home, 'mcp', ...words] };
}

function show(name: string, input: JsonObject, { text, error }: Said): void {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const rest = lines.length - SHOWN;
  print(`-> ${name} ${JSON.stringify(input)}`);
  for (const line of lines.slice(0, SHOWN)) print(`   ${error ? '! ' : ''}${line}`);
  if (rest > 0) print(`   ... ${rest} more lines`);
}

function print(line: string): void {
  const shown = safe(line, 'line');
  process.stdout.write(`${shown.length > WIDTH ? `${shown.slice(0, WIDTH)}…` : shown}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      finding: { type: 'string', default: 'function-vector-heads' },
      model: { type: 'string', default: 'icl-gemma2' },
      seed: { type: 'string', default: '0' },
    },
  });
  const { finding, model } = values;
  rmSync(join(root, HOME), { recursive: true, force: true });
  mkdirSync(join(root, HOME), { recursive: true });
  const onProgress = (message: string): void => void process.stderr.write(`${safe(message, 'line')}\n`);
  const agent = await McpAgent.connect(serverIn(join(root, HOME)), { onCall: show, onProgress });
  try {
    await agent.finished('start_run', { finding, model, seed: Number(values.seed) });
    await agent.follow(decisionsOf(finding));
    const { structured } = await agent.call('result');
    process.stdout.write(`\nThe record: npx recircuit --home ${HOME} runs show ${String(structured?.['run'])}\n`);
    process.exitCode = structured?.['verdict'] === 'reproduced' ? 0 : 1;
  } finally {
    await agent.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
