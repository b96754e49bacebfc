/** Time limit and cancelling of one call: ask first, kill after the grace period, and say which of the two it was. */
import { Fault, type Progress } from '../contract/index.ts';

export interface CallOptions {
  onProgress?(progress: Progress): void;
  /** Aborting cancels the call at the worker's next safe point, or kills the worker after the grace period. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** How long a worker may take to heed a cancel or a stop before it is killed. */
export const GRACE_MS = 2_000;

interface Means {
  /** Asks the worker to end the call at its next safe point. */
  cancel(): void;
  kill(why: string): void;
}

/** Returns the reply, or rejects with Fault `time-limit` or `cancelled` once the worker has ended the call or was killed. */
export async function limit<T>(reply: Promise<T>, method: string, options: CallOptions, means: Means): Promise<T> {
  let ending: Fault | undefined;
  let grace: NodeJS.Timeout | undefined;
  const end = (fault: Fault): void => {
    if (ending) return;
    ending = fault;
    means.cancel();
    grace = setTimeout(
      () => means.kill(`it was killed, since it did not heed a cancel (${fault.failure.why})`),
      GRACE_MS,
    );
  };
  const onAbort = (): void => end(cancelled(method));
  const { signal, timeoutMs } = options;
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end(timeLimit(method, timeoutMs)), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await reply;
    if (ending) throw ending;
    return result;
  } catch (error) {
    throw ending ?? error;
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The Fault of a call that its caller gave up. */
export function cancelled(method: string): Fault {
  return new Fault({
    code: 'cancelled',
    what: `${method} was cancelled`,
    why: 'the run was asked to stop',
    instead: 'run again with --resume',
  });
}

function timeLimit(method: string, ms: number): Fault {
  return new Fault({
    code: 'time-limit',
    what: `${method} was ended`,
    why: `it ran longer than its limit of ${ms / 1000} s`,
    instead: 'ask for fewer prompts or raise the limit',
  });
}
