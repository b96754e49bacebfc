/**
 * A worker that outlives its process: after a crash it is started and opened again and the call is made once more.
 * Calls must be repeatable, which every tool is: it reads the model and writes artifacts named by content.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, type JsonObject, type ModelFacts, type OpenRequest } from '../contract/index.ts';
import type { WorkerClient } from './client.ts';
import { type CallOptions, cancelled } from './limit.ts';
import { type StartOptions, startWorker } from './start.ts';

export interface RestartPolicy {
  /** Restarts allowed within `windowMs`. */
  readonly restarts: number;
  readonly windowMs: number;
  /** Wait before the first restart; doubled for each further one in the window. */
  readonly backoffMs: number;
}

const POLICY: RestartPolicy = { restarts: 2, windowMs: 600_000, backoffMs: 1_000 };

interface Parts {
  readonly options: StartOptions;
  readonly request: OpenRequest;
  readonly policy: RestartPolicy;
  readonly openTimeoutMs: number | undefined;
}

export class WorkerHandle {
  readonly #options: StartOptions;
  readonly #request: OpenRequest;
  readonly #policy: RestartPolicy;
  readonly #openTimeoutMs: number | undefined;
  readonly #restarts: number[] = [];
  #client: WorkerClient;
  #restarting: Promise<WorkerClient> | undefined;
  #stopped = false;
  /** What the worker found in the model. */
  readonly facts: ModelFacts;

  private constructor(parts: Parts, client: WorkerClient, facts: ModelFacts) {
    this.#options = parts.options;
    this.#request = parts.request;
    this.#policy = parts.policy;
    this.#openTimeoutMs = parts.openTimeoutMs;
    this.#client = client;
    this.facts = facts;
  }

  /** Starts a worker and opens it. A crash while the model is loaded is not retried: it would most likely repeat. */
  static async open(
    options: StartOptions,
    request: OpenRequest,
    call: CallOptions = {},
    policy: RestartPolicy = POLICY,
  ): Promise<WorkerHandle> {
    const client = await startWorker(options);
    try {
      const { facts } = await client.open(request, call);
      return new WorkerHandle({ options, request, policy, openTimeoutMs: call.timeoutMs }, client, facts);
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  get pid(): number {
    return this.#client.pid;
  }

  get hello(): WorkerClient['hello'] {
    return this.#client.hello;
  }

  /** As WorkerClient.call; a call during which the worker died is made once more by a new worker. */
  async call(method: string, params: object, options: CallOptions = {}): Promise<JsonObject> {
    const client = this.#client.alive ? this.#client : await this.#restart(this.#client, options);
    try {
      return await client.call(method, params, options);
    } catch (error) {
      if (this.#stopped || !hasDied(error)) throw error;
      const next = await this.#restart(client, options);
      return next.call(method, params, options);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#restarting?.catch(() => undefined);
    await this.#client.stop();
  }

  /** Returns the successor of `dead`; callers that meet the same death share one restart. */
  async #restart(dead: WorkerClient, options: CallOptions): Promise<WorkerClient> {
    if (this.#client !== dead && this.#client.alive) return this.#client;
    this.#restarting ??= this.#startAgain(dead, options).finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  async #startAgain(dead: WorkerClient, { signal }: CallOptions): Promise<WorkerClient> {
    const reason = await dead.exited;
    const since = Date.now() - this.#policy.windowMs;
    const recent = this.#restarts.filter((at) => at > since).length;
    if (this.#stopped || recent >= this.#policy.restarts) throw givenUp(reason, recent);
    this.#restarts.push(Date.now());
    this.#options.log?.warn({ src: 'worker', reason }, 'the worker is gone; starting it again');
    await sleep(this.#policy.backoffMs * 2 ** recent, undefined, signal ? { signal } : {}).catch(() => {
      throw cancelled('starting the worker again');
    });
    const client = await startWorker(this.#options);
    try {
      await client.open(this.#request, { signal, timeoutMs: this.#openTimeoutMs });
    } catch (error) {
      await client.stop();
      throw error;
    }
    this.#client = client;
    return client;
  }
}

function hasDied(error: unknown): boolean {
  return error instanceof Fault && error.failure.code === 'worker-died';
}

function givenUp(reason: string, restarts: number): Fault {
  return new Fault({
    code: 'worker-died',
    what: 'the worker is gone',
    why: `${reason}; it was started again ${restarts} times before`,
    instead: 'look at the log of the run, mend the cause and run again with --resume',
  });
}
