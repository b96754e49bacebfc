/** Where attacks take place: folders of their own, honest runs to be edited, the twin, and how an ending is put into words. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, Refusal, type Run, type Step } from '../../src/contract/index.ts';
import { type JobOptions, runJob } from '../../src/job/index.ts';
import { root } from '../../src/root.ts';
import { openRecord, type RunRecord, readTrajectory } from '../../src/store/index.ts';
import { startWorker, workerPython } from '../../src/worker/index.ts';
import type { Outcome } from './schema.ts';

export const FINDING = 'induction-heads';
export const MODEL = 'induction-gpt2';
export const SEED = 1;
/** Of the order of the heads in the twin. */
export const TWIN_SEED = 1;

export interface Ending {
  readonly ends: Outcome | 'reproduced' | 'partial';
  readonly because: string;
}

export interface Place {
  readonly folder: string;
  readonly record: RunRecord;
  readonly means: { readonly record: RunRecord; readonly artifacts: string; readonly python: string };
}

export class Bench {
  readonly #folder: string;
  #count = 0;
  #twin: Promise<string> | undefined;
  #honest: Promise<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Returns a new empty folder. */
  empty(): string {
    const folder = join(this.#folder, String(this.#count++));
    mkdirSync(folder);
    return folder;
  }

  /** Gives `work` a record of its own, and closes it. */
  async at<T>(work: (place: Place) => Promise<T>, folder = this.empty()): Promise<T> {
    const record = openRecord(join(folder, 'runs.db'));
    try {
      return await work({
        folder,
        record,
        means: { record, artifacts: join(folder, 'artifacts'), python: workerPython() },
      });
    } finally {
      record.close();
    }
  }

  /** Returns the folder of the organism's twin. */
  twin(): Promise<string> {
    this.#twin ??= this.#permuted();
    return this.#twin;
  }

  /** Returns a folder with a copy of a record that holds one honest run with its artifacts. */
  async honest(): Promise<string> {
    this.#honest ??= this.at(async ({ folder, means }) => {
      await runJob({ ...means, finding: FINDING, model: MODEL, planner: 'scripted', seed: SEED });
      return folder;
    });
    const copy = this.empty();
    cpSync(await this.#honest, copy, { recursive: true });
    return copy;
  }

  /** Returns a folder with a record that holds two committed runs and no artifacts. */
  async committed(): Promise<string> {
    return this.at(async ({ folder, record }) => {
      for (const name of ['induction', 'refusals']) record.importRun(trajectory(name).recorded);
      return folder;
    });
  }

  async #permuted(): Promise<string> {
    const out = join(this.#folder, `${MODEL}-twin`);
    const worker = await startWorker({ python: workerPython() });
    try {
      await worker.call('permute_heads', { folder: organismFolder, out, seed: TWIN_SEED });
      return out;
    } finally {
      await worker.stop();
    }
  }
}

export const organismFolder = join(root, 'evals/organisms', MODEL);

/** Reads evals/trajectories/<name>.jsonl. */
export function trajectory(name: string): ReturnType<typeof readTrajectory> {
  return readTrajectory(readFileSync(join(root, 'evals/trajectories', `${name}.jsonl`), 'utf8'));
}

/** Copies a model folder without what speaks of its weights. */
export function copyModel(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ])
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
}

/** Runs a job and says how it ended; what it throws is an ending too. */
export async function endingOf(options: JobOptions): Promise<Ending> {
  return thrown(async () => ended(options.record, await runJob(options)));
}

/** @returns what `work` returns, or the refusal or fault that it throws, as an ending */
export async function thrown(work: () => Promise<Ending>): Promise<Ending> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return { ends: 'refused', because: `${error.failure.code}: ${error.message}` };
    if (error instanceof Fault) return { ends: 'faulted', because: `${error.failure.code}: ${error.message}` };
    throw error;
  }
}

function ended(record: RunRecord, run: Run): Ending {
  const bodies = record.steps(run.run).map(({ body }) => body);
  const verdict = bodies.findLast((body) => body.kind === 'verdict');
  if (run.state === 'sealed' && verdict?.kind === 'verdict')
    return { ends: verdict.verdict.verdict, because: verdict.verdict.because };
  const fault = bodies.findLast((body) => body.kind === 'fault');
  const code = fault?.kind === 'fault' ? `${fault.failure.code}: ` : '';
  return { ends: 'faulted', because: `${code}${run.note}` };
}

/** Returns a step of a trajectory as it is read back. */
export function toStep(row: ReturnType<typeof trajectory>['recorded']['steps'][number]): Step {
  return { ...row, body: JSON.parse(row.body) as Step['body'] };
}
