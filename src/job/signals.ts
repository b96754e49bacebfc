/** SIGINT and SIGTERM as one AbortSignal. A second one ends the process at once: the record is intact at every step. */
import { EXIT } from '../contract/index.ts';

export interface Cancelling {
  readonly signal: AbortSignal;
  /** Takes the handlers away again. */
  release(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export function cancelOnSignals(outer?: AbortSignal): Cancelling {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      outer?.removeEventListener('abort', abort);
    },
  };
}
