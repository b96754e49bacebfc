/** SIGINT and SIGTERM as a cancel of what is under way; a second one ends the process at once. For work that is no job. */
import { EXIT } from '../contract/index.ts';

/** Runs work with a signal that aborts when the person at the keyboard has had enough. */
export async function cancellable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
