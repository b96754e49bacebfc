/**
 * The runs of one server, one open at a time: starts and resumes them, hands decisions to the planner `external`, and knows where
 * things stand. It knows nothing of MCP; what a run is and does is the job's.
 */
import { type Asked, Desk, EXTERNAL, external, type OutsideCall } from '../../agents/index.ts';
import { type Progress, Refusal, type Run } from '../contract/index.ts';
import { CallStop, type JobEvent, type JobOptions, outside, runJob } from '../job/index.ts';
import type { RunRecord } from '../store/index.ts';
import { Patience } from './patience.ts';

/** What every job of the server is given. */
export type SessionMeans = Pick<JobOptions, 'artifacts' | 'checkpoints' | 'python' | 'device' | 'log'> & {
  readonly record: RunRecord;
  /** A run whose agent says nothing for so long is left, so that it holds no GPU for ever. */
  readonly idleMs: number;
};

/** working: the job is at it; your-turn: it waits for a decision; verifying: the claim is sealed and measured. */
export type State = 'none' | 'working' | 'your-turn' | 'verifying' | Exclude<Run['state'], 'running'> | 'failed';

export interface Standing {
  readonly state: State;
  readonly run: string | null;
  /** What waits for a decision. */
  readonly asked: Asked | null;
  /** Act of the agent's side that is under way. */
  readonly act: string | null;
  readonly progress: Progress | null;
  /** Why it ended, where it did not end by a verdict. */
  readonly note: string;
}

interface Open {
  readonly desk: Desk;
  readonly controller: AbortController;
  readonly stop: CallStop;
  run: string | null;
  act: string | null;
  progress: Progress | null;
  verifying: boolean;
  ended: { readonly state: State; readonly note: string } | undefined;
  done: Promise<void>;
}

type Asks = { readonly run: string } | { readonly finding: string; readonly model: string; readonly seed: number };

export class Session {
  readonly #means: SessionMeans;
  readonly #listeners = new Set<() => void>();
  #open: Open | undefined;
  readonly #patience: Patience;

  constructor(means: SessionMeans) {
    this.#means = means;
    const isWaiting = (): boolean => this.standing.state === 'your-turn';
    this.#patience = new Patience(means.idleMs, isWaiting, () => void this.leave());
  }

  get record(): RunRecord {
    return this.#means.record;
  }

  get artifacts(): string {
    return this.#means.artifacts;
  }

  get standing(): Standing {
    const open = this.#open;
    if (open === undefined) return { state: 'none', run: null, asked: null, act: null, progress: null, note: '' };
    const { run, act, progress, ended, desk } = open;
    if (ended) return { state: ended.state, run, asked: null, act: null, progress: null, note: ended.note };
    if (open.verifying) return { state: 'verifying', run, asked: null, act: null, progress, note: '' };
    const asked = desk.asked ?? null;
    return { state: asked ? 'your-turn' : 'working', run, asked, act, progress, note: '' };
  }

  /** @throws Refusal where another run is open */
  start(asks: { finding: string; model: string; seed: number }): void {
    this.#begin(asks);
  }

  /** @throws Refusal where another run is open, or the run is not one of an agent outside */
  resume(name: string): void {
    const { run, planner, state } = this.record.findRun(name);
    if (planner !== EXTERNAL && state !== 'sealed') {
      throw new Refusal({
        code: 'other-planner',
        what: `run ${run}`,
        why: `it is decided by the planner ${planner}`,
        instead: `let a person go on with it (\`recircuit run --resume ${run}\`), or start a run of your own`,
      });
    }
    this.#begin({ run });
  }

  /** Returns false where no decision is waited for; then nothing was taken. */
  decide(call: OutsideCall): boolean {
    return this.#open?.desk.answer(call) ?? false;
  }

  /** Ends the experiment that is under way. Returns its act, or null where none is. */
  cancelCall(): string | null {
    const { state, act } = this.standing;
    // The gate is the protocol's, though it is measured on the agent's half.
    if (state !== 'working' || !act?.startsWith('search/')) return null;
    return this.#open?.stop.stop() ? act : null;
  }

  /** Stops the worker; what is recorded stays, and the run can be resumed. Returns once nothing of it is running. */
  async leave(): Promise<void> {
    this.#open?.controller.abort();
    await this.#open?.done;
  }

  /** Says that somebody is there. */
  touch(): void {
    this.#patience.renew();
  }

  /** Resolves when the run waits for somebody, after `ms`, or when the signal says so. Calls `onChange` in between. */
  settled(ms: number, signal: AbortSignal, onChange: () => void = () => undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const look = (): void => {
        if (['working', 'verifying'].includes(this.standing.state)) onChange();
        else done();
      };
      const timer = setTimeout(done, ms);
      this.#listeners.add(look);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
      else look();
    });
  }

  async close(): Promise<void> {
    this.#patience.end();
    await this.leave();
  }

  #begin(asks: Asks): void {
    const { state, run } = this.standing;
    if (['working', 'your-turn', 'verifying'].includes(state)) {
      throw new Refusal({
        code: 'run-open',
        what: 'another run',
        why: `run ${run ?? 'that is being opened'} is open, and a server has one at a time`,
        instead: 'end it with claim or give_up and wait for its verdict, or leave it with leave_run',
      });
    }
    const controller = new AbortController();
    const desk = new Desk(() => this.#changed());
    const shared = { act: null, progress: null, verifying: false, ended: undefined, done: Promise.resolve() };
    const open: Open = { desk, controller, stop: new CallStop(), run: null, ...shared };
    this.#open = open;
    open.done = this.#run(open, asks);
  }

  async #run(open: Open, asks: Asks): Promise<void> {
    const { idleMs: _, ...means } = this.#means;
    const { desk, stop, controller } = open;
    const planner = external({ prompts: outside.prompts(), desk });
    const shared = { ...means, planner, stop, signal: controller.signal };
    const onEvent = (event: JobEvent): void => this.#onEvent(open, event);
    try {
      const run = await runJob({ ...shared, ...asks, onEvent });
      open.run = run.run;
      open.ended = { state: run.state as State, note: run.note };
    } catch (error) {
      open.ended = { state: 'failed', note: error instanceof Error ? error.message : String(error) };
    }
    this.#changed();
  }

  #onEvent(open: Open, event: JobEvent): void {
    if (event.kind === 'phase') open.verifying = event.phase === 'verify';
    if (event.kind === 'progress') open.progress = event.progress;
    if (event.kind === 'step') {
      open.run = event.step.run;
      const { act, body } = event.step;
      if (body.kind === 'tool-call') [open.act, open.progress] = [act, null];
      if (body.kind === 'tool-result' || body.kind === 'refusal') [open.act, open.progress] = [null, null];
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
