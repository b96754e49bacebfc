/**
 * What `npm start`, `npm test` and the other scripts run. Plain JavaScript without dependencies, since on a bare clone
 * there is nothing else.
 */
import { runVerb } from './verbs.mjs';

const [verb = '', ...args] = process.argv.slice(2);
await runVerb(verb, args);
