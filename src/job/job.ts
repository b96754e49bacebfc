/**
 * The composition root of a run: the only place where protocol, agent, worker, checkers and record meet. What each of them does
 * is theirs; here stands the order in which they are brought together.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { agentIsDone, runAgent } from '../../agents/index.ts';
import { hashOf, type Run, type Split } from '../contract/index.ts';
import type { WorkerHandle } from '../worker/index.ts';
import { CALL_MS } from './budget.ts';
import { withCheckpoints } from './checkpoints.ts';
import { agentPorts, judge } from './decisions.ts';
import { endBadly } from './failure.ts';
import { faultPoint } from './fault-points.ts';
import { openedBody, refuseAltered, refuseOtherConditions, refuseOtherWeights } from './opened.ts';
import type { JobEvent, JobOptions } from './options.ts';
import { RunPurse } from './purse.ts';
import { recall } from './recall.ts';
import { RunRecorder } from './recorder.ts';
import type { Prepared } from './resolve.ts';
import { RecordingToolRunner } from './tool-runner.ts';
import { JobWorker } from './workers.ts';

/** The time before it is not charged to the budget. */
function recordPause(recorder: RunRecorder): void {
  const earlier = recorder.steps().filter(({ body }) => body.kind === 'resumed').length;
  recorder.record(`resumed/${earlier + 1}`, { kind: 'resumed' });
}

const PHASE = { search: 'search', 'held-out': 'verify' } as const;

export class Job {
  readonly #options: JobOptions;
  readonly #prepared: Prepared;
  readonly #signal: AbortSignal;
  readonly #worker: JobWorker;
  readonly #faultPoint = faultPoint();
  /** The run, once it exists. */
  #run: string | undefined;
  #split: Split = 'search';

  constructor(options: JobOptions, prepared: Prepared, signal: AbortSignal) {
    this.#options = options;
    this.#prepared = prepared;
    this.#signal = signal;
    this.#worker = new JobWorker({ python: options.python, log: options.log, signal });
  }

  async run(): Promise<Run> {
    const { record, artifacts } = this.#options;
    const resumed = this.#prepared.run?.run;
    if (resumed !== undefined) this.#take(resumed);
    if (resumed !== undefined) refuseAltered(record, resumed, resolve(artifacts));
    try {
      mkdirSync(resolve(artifacts), { recursive: true });
      if (resumed === undefined || !agentIsDone(record.steps(resumed))) await this.#search();
      return await this.#verify();
    } catch (error) {
      return endBadly({ record, run: this.#run, phase: PHASE[this.#split], cancelled: this.#signal.aborted }, error);
    }
  }

  /** Stops the worker and gives the run back. */
  async close(): Promise<void> {
    await this.#worker.stop();
    if (this.#run !== undefined) this.#options.record.release(this.#run);
  }

  async #search(): Promise<void> {
    this.#prepared.planner.check?.();
    const { handle, run, recorder } = await this.#enter('search');
    const purse = new RunPurse(recorder, Date.now);
    const ports = agentPorts(this.#prepared, handle.facts, {
      recorder,
      purse,
      tools: this.#tools(handle, recorder, () => purse.leftMs()),
      signal: this.#signal,
    });
    const checkpoints = this.#options.checkpoints ?? join(dirname(resolve(this.#options.artifacts)), 'checkpoints.db');
    await withCheckpoints(checkpoints, (checkpointer) => runAgent(ports, { thread: run, checkpointer }));
  }

  async #verify(): Promise<Run> {
    const { record, artifacts } = this.#options;
    const { handle, run, recorder } = await this.#enter('held-out');
    const verdict = await judge(this.#prepared, handle.facts, { recorder, tools: this.#tools(handle, recorder) });
    this.#signal.throwIfAborted();
    const sealed = record.seal(run, verdict.verdict, resolve(artifacts));
    recorder.announce('sealed');
    return sealed;
  }

  /** Opens a fresh worker with one half of the material; opens the run, or makes sure that it goes on as it began. */
  async #enter(split: Split): Promise<{ handle: WorkerHandle; run: string; recorder: RunRecorder }> {
    const { record } = this.#options;
    this.#split = split;
    this.#emit({ kind: 'phase', phase: PHASE[split] });
    const handle = await this.#worker.open(this.#prepared.request(split));
    const opened = openedBody(this.#prepared, this.#worker.versions);
    const run = this.#run ?? this.#create();
    const before = record.step(run, 'opened')?.body;
    if (before) refuseOtherConditions(run, before, opened);
    refuseOtherWeights(record.step(run, 'facts/search')?.body, handle.facts);
    if (record.run(run)?.state !== 'running') record.reopen(run);
    const recorder = this.#recorder(run);
    // A forked run was opened with more than what we would open it with.
    if (before === undefined) recorder.record('opened', opened);
    else if (split === 'search' && opened.budget !== undefined) recordPause(recorder);
    return { handle, run, recorder };
  }

  #create(): string {
    const { protocol, model, planner, seed } = this.#prepared;
    const { record } = this.#options;
    const { run } = record.createRun({
      finding: protocol.finding,
      model,
      planner: planner.id,
      seed,
      protocol,
      protocol_sha256: hashOf(protocol),
    });
    this.#take(run);
    return run;
  }

  #take(run: string): void {
    this.#options.record.acquire(run, { pid: process.pid });
    this.#run = run;
  }

  #recorder(run: string): RunRecorder {
    return new RunRecorder({
      record: this.#options.record,
      run,
      onEvent: (event) => this.#emit(event),
      faultPoint: this.#faultPoint,
      workerPid: () => this.#worker.pid,
    });
  }

  #tools(handle: WorkerHandle, recorder: RunRecorder, leftMs?: () => number): RecordingToolRunner {
    const { record, callMs, stop } = this.#options;
    const { protocol, model } = this.#prepared;
    const { weights_sha256 } = handle.facts;
    return new RecordingToolRunner({
      recorder,
      phase: PHASE[this.#split],
      facts: handle.facts,
      worker: (tool, input, options) => handle.call(tool, input, options),
      recall: (input) => recall(record, { finding: protocol.finding, model, weights_sha256 }, input),
      callMs: callMs ?? CALL_MS,
      leftMs,
      signal: this.#signal,
      stop: this.#split === 'search' ? stop : undefined,
      onEvent: (event) => this.#emit(event),
    });
  }

  #emit(event: JobEvent): void {
    this.#options.onEvent?.(event);
  }
}
