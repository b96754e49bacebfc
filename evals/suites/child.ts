/**
 * One job in a process of its own, so that a suite can kill it. Started by `runInChild`; its argument is the job as JSON and its
 * last line on stdout the run.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Protocol, Run } from '../../src/contract/index.ts';
import { runJob } from '../../src/job/index.ts';
import { root } from '../../src/root.ts';
import { openRecord } from '../../src/store/index.ts';
import { workerPython } from '../../src/worker/index.ts';

export interface ChildJob {
  /** Holds record, artifacts and checkpoints. */
  readonly folder: string;
  readonly finding: string | Protocol;
  readonly model: string;
  readonly seed: number;
  /** Default: scripted. */
  readonly planner?: string;
  /** Id of the run to go on with. */
  readonly resume?: string;
}

export interface ChildEnd {
  /** null where the process was killed or threw before there was a run. */
  readonly run: Run | null;
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

interface ChildOptions {
  /** Order for src/job/fault-points.ts, e.g. `step:7:worker`. */
  readonly fault?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

export function runInChild(job: ChildJob, { fault = '', env = {}, onStart }: ChildOptions = {}): Promise<ChildEnd> {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(job)], {
    cwd: root,
    env: { ...process.env, ...env, RECIRCUIT_FAULT: fault },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = stdout.trim().split('\n').at(-1);
      resolve({ run: last ? (JSON.parse(last) as Run) : null, signal, code, stderr });
    });
  });
}

async function main(job: ChildJob): Promise<void> {
  const record = openRecord(join(job.folder, 'runs.db'));
  try {
    const means = { record, artifacts: join(job.folder, 'artifacts'), python: workerPython() };
    const { finding, model, seed, planner = 'scripted', resume } = job;
    const run = await runJob(
      resume === undefined ? { ...means, finding, model, planner, seed } : { ...means, run: resume, model },
    );
    process.stdout.write(`${JSON.stringify(run)}\n`);
  } finally {
    record.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2] ?? '{}') as ChildJob);
