/** The worker of a job: one at a time, and never the same one for search and verification. */
import { Fault, type Hello, type OpenRequest } from '../contract/index.ts';
import { type Log, type StartOptions, WorkerHandle } from '../worker/index.ts';
import { untilAborted } from './abort.ts';

/** Loading a large model from a slow disk takes its time; a load that hangs must still end. */
const OPEN_MS = 1_800_000;

export class JobWorker {
  readonly #options: StartOptions;
  readonly #signal: AbortSignal;
  #handle: WorkerHandle | undefined;

  constructor({ python, log, signal }: { python: string; log?: Log | undefined; signal: AbortSignal }) {
    this.#options = log ? { python, log } : { python };
    this.#signal = signal;
  }

  /** Process id of the worker that is open, if one is. */
  get pid(): number | undefined {
    return this.#handle?.pid;
  }

  /** Versions that the numbers of this worker depend on. */
  get versions(): Pick<Hello, 'python' | 'torch' | 'transformers' | 'worker'> {
    const { python, torch, transformers, worker } = this.#open().hello;
    return { python, torch, transformers, worker };
  }

  /** Stops the worker that is open and starts a fresh one with this half of the material. */
  async open(request: OpenRequest): Promise<WorkerHandle> {
    await this.stop();
    this.#signal.throwIfAborted();
    const opening = WorkerHandle.open(this.#options, request, { signal: this.#signal, timeoutMs: OPEN_MS });
    try {
      this.#handle = await untilAborted(opening, this.#signal);
    } catch (error) {
      // A cancelled start is not waited for: importing torch takes seconds. Whatever comes of it is stopped.
      void opening.then(
        (late) => late.stop(),
        () => undefined,
      );
      throw error;
    }
    return this.#handle;
  }

  async stop(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.stop();
  }

  #open(): WorkerHandle {
    if (this.#handle) return this.#handle;
    throw new Fault({ code: 'no-worker', what: 'no worker is open', why: 'it was stopped', instead: 'report this' });
  }
}
