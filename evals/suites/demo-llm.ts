/**
 * The planner `anthropic` against a local server that speaks the Messages API, with a recorded list of decisions: a finding is
 * reproduced, and a run that is killed again and again pays for nothing twice. `npm run demo:llm`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadView, paintFor, resultPage } from '../../src/report/index.ts';
import { root } from '../../src/root.ts';
import { openRecord } from '../../src/store/index.ts';
import { startMessagesServer } from '../servers/messages/server.ts';
import { readScript } from '../servers/script.ts';
import { runInChild } from './child.ts';
import { KEY, type KillOutcome, killLanguageRuns, PLANNER } from './kill-llm.ts';
import { table } from './shared.ts';
import { costTable, transcript } from './transcript.ts';

/** Where the record of the last demonstration stays, to be looked at. */
const HOME = 'runs/demo-llm';

/** Reproduces a finding and prints transcript, costs and verdict. Returns whether it was reproduced. */
async function reproduce(finding: string, model: string, seed: number, folder: string): Promise<boolean> {
  const server = await startMessagesServer({ script: readScript(finding), key: KEY });
  try {
    const env = { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: server.url };
    const end = await runInChild({ folder, finding, model, seed, planner: PLANNER }, { env });
    if (end.run === null) throw new Error(end.stderr);
    const record = openRecord(join(folder, 'runs.db'), { readOnly: true });
    try {
      const steps = record.steps(end.run.run);
      say([...transcript(steps), '', costTable(steps)]);
      const asked = server.seen.length;
      const answered = server.seen.filter((seen) => seen.answered).length;
      say([`The server was asked ${asked} times and answered ${answered} times.`]);
      const view = loadView(record, end.run, join(folder, 'artifacts'));
      say(resultPage(view, paintFor(process.stdout, process.env), `npx recircuit --home ${HOME}`));
      return end.run.verdict === 'reproduced';
    } finally {
      record.close();
    }
  } finally {
    await server.close();
  }
}

function tell({ killed, note }: KillOutcome): void {
  process.stderr.write(`killed ${killed}: ${note === '' ? 'nothing answered twice, same record' : note}\n`);
}

function say(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      finding: { type: 'string', default: 'function-vector-heads' },
      model: { type: 'string', default: 'icl-gemma2' },
      seed: { type: 'string', default: '0' },
      kills: { type: 'string', default: '10' },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-demo-'));
  try {
    const home = join(root, HOME);
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    process.stderr.write(`${values.finding} on ${values.model}, planner ${PLANNER} against a local server ...\n`);
    const reproduced = await reproduce(values.finding, values.model, Number(values.seed), home);
    const kills = Number(values.kills);
    const outcomes =
      kills > 0 ? await killLanguageRuns({ folder, kills, seed: Number(values.seed), onCase: tell }) : [];
    const columns = [
      'killed',
      'requests',
      'answered',
      'answered twice',
      'tokens billed',
      'in the record',
      'as undisturbed',
    ];
    const rows = outcomes.map((one) => [
      one.killed,
      String(one.asked),
      String(one.answered),
      String(one.twice),
      String(one.billed),
      String(one.recorded),
      one.note === '' ? 'yes' : `NO: ${one.note}`,
    ]);
    if (outcomes.length > 0)
      say(['', 'induction-heads on induction-gpt2, killed with SIGKILL and resumed', table(columns, rows)]);
    const good = outcomes.every(({ note }) => note === '');
    process.exitCode = reproduced && good ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
