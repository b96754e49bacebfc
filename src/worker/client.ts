/**
 * JSON-RPC with one worker: ids, replies, progress, time limits and cancelling. Every promise made here ends: with the
 * result, a Refusal or a Fault. Does not restart anything (handle.ts) and does not check what a tool returns (the caller).
 */
import {
  type Failure,
  Fault,
  type Hello,
  type JsonObject,
  MAX_LINE_BYTES,
  type ModelFacts,
  Notification,
  type OpenRequest,
  OpenResult,
  type Progress,
  Refusal,
  Reply,
} from '../contract/index.ts';
import type { Channel, ChannelListeners } from './channel.ts';
import { type CallOptions, cancelled, GRACE_MS, limit } from './limit.ts';

interface Pending {
  readonly onProgress: CallOptions['onProgress'];
  resolve(result: JsonObject): void;
  reject(error: Error): void;
}

export class WorkerClient {
  /** What the worker said of itself; it shares our contract. */
  readonly hello: Hello;
  /** Resolves, never rejects, with the reason why the worker ended. */
  readonly exited: Promise<string>;
  readonly #wire: Wire;

  constructor(hello: Hello, wire: Wire) {
    this.hello = hello;
    this.#wire = wire;
    this.exited = wire.exited;
  }

  get pid(): number {
    return this.#wire.pid;
  }

  /** Whether calls can still be made. */
  get alive(): boolean {
    return this.#wire.alive;
  }

  /** Loads a model and one half of a behaviour. A worker is opened once. */
  async open(request: OpenRequest, options?: CallOptions): Promise<{ facts: ModelFacts }> {
    const result = OpenResult.safeParse(await this.call('open', request, options));
    if (result.success) return result.data;
    throw this.#wire.break(`its reply to open does not fit the contract (${result.error.issues[0]?.message})`);
  }

  /**
   * Calls a method; the caller checks the result against the tool's output.
   * @throws Refusal what the worker refused. @throws Fault `worker-died`, `worker-broken`, `time-limit`, `cancelled`, or the worker's own.
   */
  call(method: string, params: object, options: CallOptions = {}): Promise<JsonObject> {
    return this.#wire.call(method, params, options);
  }

  /** Ends the worker: input closed, then SIGTERM, then SIGKILL. Pending calls end with Fault `worker-died`. */
  stop(): Promise<void> {
    return this.#wire.stop();
  }
}

/** The half of a client that exists before hello. */
export class Wire {
  readonly exited: Promise<string>;
  readonly #channel: Channel;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #broken: Fault | undefined;

  /** @param connect makes the channel with the two listeners given to it. */
  constructor(connect: (listeners: ChannelListeners) => Channel) {
    this.#channel = connect({ onLine: (line) => this.#onLine(line), onBroken: (why) => void this.break(why) });
    this.exited = this.#channel.exited;
    void this.exited.then((reason) => this.#endAll(this.#broken ?? died(reason)));
  }

  get pid(): number {
    return this.#channel.pid ?? 0;
  }

  get alive(): boolean {
    return !this.#channel.ended && this.#broken === undefined;
  }

  stop(): Promise<void> {
    return this.#channel.stop(GRACE_MS);
  }

  /** Kills a worker that does not keep to the wire, ends every call with the Fault, and returns it. */
  break(why: string): Fault {
    const instead = 'report this with the log of the run; if the worker was changed, run `npm test`';
    this.#broken ??= new Fault({ code: 'worker-broken', what: 'the worker broke the wire', why, instead });
    this.#channel.kill(why);
    this.#endAll(this.#broken);
    return this.#broken;
  }

  async call(method: string, params: object, options: CallOptions): Promise<JsonObject> {
    if (this.#broken) throw this.#broken;
    if (this.#channel.ended) throw died(await this.exited);
    if (options.signal?.aborted) throw cancelled(method);
    const id = this.#nextId++;
    const line = requestLine(id, method, params);
    const reply = new Promise<JsonObject>((resolve, reject) => {
      this.#pending.set(id, { onProgress: options.onProgress, resolve, reject });
    });
    const limited = limit(reply, method, options, {
      cancel: () => void this.#channel.write(JSON.stringify({ jsonrpc: '2.0', method: '$/cancel', params: { id } })),
      kill: (why) => this.#channel.kill(why),
    });
    void this.#channel.write(line);
    return limited;
  }

  #onLine(line: string): void {
    if (!this.alive) return;
    const message = parse(line);
    if (message === undefined) return void this.break(`it wrote a line that is not JSON: ${excerpt(line)}`);
    const notification = Notification.safeParse(message);
    const reply = notification.success ? undefined : Reply.safeParse(message);
    if (notification.success) this.#onProgress(notification.data.params);
    else if (reply?.success) this.#onReply(reply.data);
    else this.break(`it wrote a line that is neither reply nor progress: ${excerpt(line)}`);
  }

  #onProgress(progress: Progress): void {
    const pending = this.#pending.get(progress.id);
    if (!pending) return void this.break(`it reported progress of call ${progress.id}, which is not under way`);
    pending.onProgress?.(progress);
  }

  #onReply(reply: Reply): void {
    const pending = reply.id === null ? undefined : this.#pending.get(reply.id);
    if (!pending || reply.id === null) {
      const said = 'error' in reply ? ` (${reply.error.message})` : '';
      return void this.break(`it replied to call ${reply.id}, which is not under way${said}`);
    }
    this.#pending.delete(reply.id);
    if ('result' in reply) pending.resolve(reply.result as JsonObject);
    else pending.reject(asError(reply.error.data));
  }

  #endAll(error: Fault): void {
    for (const [id, pending] of this.#pending) {
      this.#pending.delete(id);
      pending.reject(error);
    }
  }
}

function died(reason: string): Fault {
  const instead = 'look at the log of the run, mend the cause and run again with --resume';
  return new Fault({ code: 'worker-died', what: 'the worker is gone', why: reason, instead });
}

function asError(data: Omit<Failure, 'kind'> & { kind: Failure['kind'] | 'cancelled' }): Error {
  const { kind, ...parts } = data;
  if (kind === 'refusal') return new Refusal(parts);
  return new Fault(kind === 'cancelled' ? { ...parts, code: 'cancelled' } : parts);
}

function requestLine(id: number, method: string, params: object): string {
  const line = JSON.stringify({ jsonrpc: '2.0', id, method, params });
  const bytes = Buffer.byteLength(line);
  if (bytes <= MAX_LINE_BYTES) return line;
  throw new Fault({
    code: 'request-too-long',
    what: `the request ${method} has ${bytes} bytes`,
    why: `a line of the wire has at most ${MAX_LINE_BYTES}`,
    instead: 'send fewer word pairs or refer to an artifact',
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function excerpt(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}
