/**
 * Kills the orchestrator or the worker right after different steps, resumes, and compares the final record with one that was
 * never killed: same acts, same contents, same verdict, no step doubled. `npm run kill-resume`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Protocol } from '../../src/contract/index.ts';
import { openRecord, verifyRun } from '../../src/store/index.ts';
import { type ChildEnd, type ChildJob, runInChild } from './child.ts';
import { inParallel, table } from './shared.ts';

export interface KillPlan {
  readonly finding: string | Protocol;
  readonly model: string;
  readonly seed: number;
  /** How many different steps are killed at, the first and the last among them. */
  readonly points: number;
  /** Runs at once. */
  readonly at_once: number;
  readonly onCase?: (outcome: KillOutcome) => void;
}

export interface KillOutcome {
  readonly step: number;
  readonly act: string;
  readonly killed: 'orchestrator' | 'worker';
  readonly identical: boolean;
  readonly steps: number;
  readonly verdict: string;
  /** What differs, or empty. */
  readonly note: string;
}

interface Final {
  readonly steps: readonly { readonly act: string; readonly content: string }[];
  readonly verdict: string;
  readonly problems: string;
}

/** Returns one outcome per point. @throws Error when the run that is not killed does not seal */
export async function killAndResume(plan: KillPlan): Promise<KillOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-kill-'));
  try {
    const job = { finding: plan.finding, model: plan.model, seed: plan.seed };
    const undisturbed = await finish({ ...job, folder: place(folder, 'undisturbed') });
    const points = spread(plan.points, undisturbed.steps.length);
    return await inParallel(points, plan.at_once, async (step, index) => {
      const killed = index % 2 === 0 ? 'orchestrator' : 'worker';
      const final = await finish(
        { ...job, folder: place(folder, `${step}`) },
        `step:${step}:${killed}`,
        killed === 'orchestrator',
      );
      const outcome = compare(undisturbed, final, step, killed);
      plan.onCase?.(outcome);
      return outcome;
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function place(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** Different steps from the first to the last, evenly spread. */
function spread(points: number, steps: number): number[] {
  const count = Math.min(points, steps);
  return Array.from({ length: count }, (_, index) =>
    count === 1 ? 1 : 1 + Math.round((index * (steps - 1)) / (count - 1)),
  );
}

/** Runs a job, killed where ordered, and resumes it once if it was cut off. */
async function finish(job: ChildJob, fault = '', mustDie = false): Promise<Final> {
  const end = await runInChild(job, { fault });
  if (mustDie && end.signal !== 'SIGKILL')
    throw new Error(`the orchestrator should have been killed (${fault}): ${said(end)}`);
  const file = join(job.folder, 'runs.db');
  const [cut] = read(file, (record) => record.runs());
  if (cut && cut.state !== 'sealed') {
    const resumed = await runInChild({ ...job, resume: cut.run });
    if (resumed.run?.state !== 'sealed') throw new Error(`the resumed run was not sealed (${fault}): ${said(resumed)}`);
  }
  return read(file, (record) => {
    const [run] = record.runs();
    if (!run) throw new Error(`no run was recorded: ${said(end)}`);
    const { problems } = verifyRun(record, run.run, { artifacts: join(job.folder, 'artifacts') });
    return {
      steps: record.steps(run.run),
      verdict: run.verdict ?? '',
      problems: problems.map(({ what }) => what).join('; '),
    };
  });
}

function read<T>(file: string, use: (record: ReturnType<typeof openRecord>) => T): T {
  const record = openRecord(file);
  try {
    return use(record);
  } finally {
    record.close();
  }
}

function said({ run, signal, code, stderr }: ChildEnd): string {
  return `${run ? `${run.state}: ${run.note}` : `ended with ${signal ?? code}`} ${stderr.slice(-500)}`;
}

function compare(expected: Final, found: Final, step: number, killed: KillOutcome['killed']): KillOutcome {
  const differing = expected.steps.findIndex(
    ({ act, content }, index) => found.steps[index]?.act !== act || found.steps[index]?.content !== content,
  );
  const notes = [
    differing >= 0 ? `step ${differing + 1} (${expected.steps[differing]?.act}) differs` : '',
    found.steps.length === expected.steps.length
      ? ''
      : `${found.steps.length} steps instead of ${expected.steps.length}`,
    found.verdict === expected.verdict ? '' : `verdict ${found.verdict} instead of ${expected.verdict}`,
    found.problems,
  ].filter((note) => note !== '');
  const act = expected.steps[step - 1]?.act ?? '';
  return {
    step,
    act,
    killed,
    identical: notes.length === 0,
    steps: found.steps.length,
    verdict: found.verdict,
    note: notes.join('; '),
  };
}

const columns = ['step', 'after', 'killed', 'steps', 'verdict', 'identical'];
const row = (outcome: KillOutcome): string[] => [
  String(outcome.step),
  outcome.act,
  outcome.killed,
  String(outcome.steps),
  outcome.verdict,
  outcome.identical ? 'yes' : `NO: ${outcome.note}`,
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      finding: { type: 'string', default: 'induction-heads' },
      model: { type: 'string', default: 'induction-gpt2' },
      seed: { type: 'string', default: '1' },
      points: { type: 'string', default: '25' },
      'at-once': { type: 'string', default: '2' },
    },
  });
  const outcomes = await killAndResume({
    finding: values.finding,
    model: values.model,
    seed: Number(values.seed),
    points: Number(values.points),
    at_once: Number(values['at-once']),
    onCase: ({ step, killed, identical }) =>
      process.stderr.write(`step ${step}, ${killed} killed: ${identical ? 'identical' : 'DIFFERENT'}\n`),
  });
  const identical = outcomes.filter((outcome) => outcome.identical).length;
  process.stdout.write(
    `${table(columns, outcomes.map(row))}\n${identical} of ${outcomes.length} final records are identical.\n`,
  );
  process.exitCode = identical === outcomes.length ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
