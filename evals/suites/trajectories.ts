/**
 * Records the trajectories of `evals/trajectories/`, which every `npm test` replays: one for each way in which a run can go. To be
 * run again when the graph, a planner, a checker or a tool is meant to decide otherwise. `npm run trajectories`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Planner, plannerNamed, scripted } from '../../agents/index.ts';
import { outside, runJob } from '../../src/job/index.ts';
import { root } from '../../src/root.ts';
import { fingerprintOf, openRecord, signingKey, trajectoryText } from '../../src/store/index.ts';
import { workerPython } from '../../src/worker/index.ts';
import { type MessagesServer, startMessagesServer } from '../servers/messages/server.ts';
import { readScript } from '../servers/script.ts';

/** Of the local server; nobody else takes it. */
const KEY = 'local-trajectory-key';

/** Asks for what is refused, twice, before it follows the procedure. */
const stumbler: Planner = {
  id: 'stumbler',
  next: async (observation) => {
    const { plan, refusals } = observation;
    const call = { kind: 'tool', serves: [], because: 'a mistake' };
    if (plan !== null && refusals.length === 0)
      return { ...call, name: 'typo', tool: 'copy_scores', input: { heads: ['a1.h0'] } };
    if (plan !== null && refusals.length === 1)
      return { ...call, name: 'wrong', tool: 'copy_scores', input: { components: ['a99.h0'] } };
    return scripted.next({ ...observation, refusals: [] });
  },
};

const quitter: Planner = {
  id: 'quitter',
  next: async (observation) =>
    observation.plan === null ? scripted.next(observation) : { kind: 'give-up', reason: 'It is late.' },
};

/** Asks a local server, which answers from a script: also as the reviewer, who asks for one more round. */
function language(server: MessagesServer): Planner {
  const connection = { apiKey: KEY, baseURL: server.url };
  return plannerNamed('anthropic', { ...outside, anthropic: () => connection }) as Planner;
}

const RUNS: readonly { name: string; finding: string; model: string; planner: Planner | typeof language }[] = [
  { name: 'reproduced', finding: 'function-vector-heads', model: 'icl-gemma2', planner: scripted },
  { name: 'behaviour-absent', finding: 'function-vector-heads', model: 'icl-gemma2-untrained', planner: scripted },
  { name: 'induction', finding: 'induction-heads', model: 'induction-gpt2', planner: scripted },
  { name: 'gave-up', finding: 'induction-heads', model: 'induction-gpt2', planner: quitter },
  { name: 'refusals', finding: 'induction-heads', model: 'induction-gpt2', planner: stumbler },
  { name: 'language', finding: 'induction-heads', model: 'induction-gpt2', planner: language },
];

/** Writes the files and the fingerprint of the key that signed them. */
async function main(): Promise<void> {
  const out = join(root, 'evals/trajectories');
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-trajectories-'));
  mkdirSync(out, { recursive: true });
  const record = openRecord(join(folder, 'runs.db'));
  const server = await startMessagesServer({ script: readScript('induction-heads'), key: KEY });
  try {
    for (const { name, planner, ...job } of RUNS) {
      const means = { record, artifacts: join(folder, 'artifacts'), python: workerPython() };
      const run = await runJob({
        ...means,
        ...job,
        planner: typeof planner === 'function' ? planner(server) : planner,
        seed: 1,
      });
      if (run.state !== 'sealed') throw new Error(`${name}: ${run.state}: ${run.note}`);
      writeFileSync(join(out, `${name}.jsonl`), trajectoryText(record, run));
      process.stdout.write(`${name}: ${run.steps} steps, ${run.verdict}\n`);
    }
    writeFileSync(join(out, 'key.txt'), `${fingerprintOf(signingKey().key)}\n`);
  } finally {
    await server.close();
    record.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
