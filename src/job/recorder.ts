/** Writes the steps of one run and tells the listener of each new one. Recording an act again gives the stored step. */
import type { Recorder } from '../../agents/index.ts';
import type { Step, StepBody } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import type { FaultPoint } from './fault-points.ts';
import type { JobEvent } from './options.ts';

interface Parts {
  readonly record: RunRecord;
  readonly run: string;
  readonly onEvent: (event: JobEvent) => void;
  readonly faultPoint: FaultPoint;
  readonly workerPid: () => number | undefined;
}

export class RunRecorder implements Recorder {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  record(act: string, body: StepBody): Step {
    const { record, run } = this.#parts;
    const known = record.step(run, act) !== undefined;
    const step = record.append(run, act, body);
    if (known) return step;
    this.#tell(step);
    return step;
  }

  /** Tells of a step that the record wrote by itself. */
  announce(act: string): void {
    const step = this.step(act);
    if (step) this.#tell(step);
  }

  step(act: string): Step | undefined {
    return this.#parts.record.step(this.#parts.run, act);
  }

  steps(): readonly Step[] {
    return this.#parts.record.steps(this.#parts.run);
  }

  #tell(step: Step): void {
    const { onEvent, faultPoint, workerPid } = this.#parts;
    onEvent({ kind: 'step', step });
    faultPoint(step.seq, workerPid);
  }
}
