/** How a run ends when it does not reach a verdict. Its cell stays empty, and it can be resumed. */
import type * as z from 'zod';
import { LEFT } from '../../agents/index.ts';
import { type Failure, Fault, type Phase, Refusal, type Run } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';

interface Ending {
  readonly record: RunRecord;
  /** undefined while no run exists. */
  readonly run: string | undefined;
  readonly phase: z.infer<typeof Phase>;
  readonly cancelled: boolean;
}

/**
 * Ends the run as cancelled or faulted and returns it.
 * @throws the error itself where no run exists, where the run was not running (so nothing was begun), or where it cannot be ended
 */
export function endBadly({ record, run, phase, cancelled }: Ending, error: unknown): Run {
  if (run === undefined || record.run(run)?.state !== 'running') throw error;
  try {
    if (cancelled) return record.end(run, 'cancelled', 'It was stopped by a signal.');
    if (error instanceof Fault && error.failure.code === LEFT)
      return record.end(run, 'cancelled', 'The person who decides has left.');
    const steps = record.steps(run);
    // A verdict stays the last step before the seal, so that a run which failed while it was sealed can still be sealed.
    if (steps.at(-1)?.body.kind !== 'verdict') {
      const earlier = steps.filter(({ body }) => body.kind === 'fault').length;
      record.append(run, `fault/${earlier + 1}`, { kind: 'fault', phase, failure: failureOf(error) });
    }
    return record.end(run, 'faulted', (error as Error).message);
  } catch {
    // The first failure says more than the one of reporting it; the run is left as it is and can be resumed.
    throw error;
  }
}

/** Anything that ends a run is a fault, also what the worker refused of us rather than of an agent. */
function failureOf(error: unknown): Failure {
  if (error instanceof Fault || error instanceof Refusal) return { ...error.failure, kind: 'fault' };
  const why = error instanceof Error && error.message !== '' ? error.message : String(error);
  return { kind: 'fault', code: 'unexpected', what: 'the run', why, instead: 'report this, and go on with --resume' };
}
