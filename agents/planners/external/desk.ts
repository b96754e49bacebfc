/**
 * Where a run and an agent outside meet: the planner lays down what it asks, somebody lays down a tool call. It decides nothing and
 * knows no protocol by which the call came.
 */
import type { JsonObject } from '../../../src/contract/index.ts';
import type { Reply } from '../../conversation.ts';
import type { Asked } from '../language/asked.ts';
import type { Sender } from '../language/planner.ts';

export interface OutsideCall {
  readonly name: string;
  readonly input: JsonObject;
  /** Who says that it decided, e.g. a client's name and version; stands in the record as the replies' model. */
  readonly by: string;
}

/** Nobody tells us what an agent outside reads and writes, so its money is unknown and not nothing. */
const UNCOUNTED = {
  usage: { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 },
  usd: null,
} as const;

export class Desk implements Sender {
  readonly settings = {};
  readonly #onAsked: () => void;
  #waiting: { readonly asked: Asked; readonly resolve: (call: OutsideCall) => void } | undefined;

  /** @param onAsked called whenever there is something new to decide */
  constructor(onAsked: () => void) {
    this.#onAsked = onAsked;
  }

  readonly check = (): void => undefined;

  /** What waits for a decision. */
  get asked(): Asked | undefined {
    return this.#waiting?.asked;
  }

  /** Returns false where nothing waits for a decision; then the call is not taken. */
  answer(call: OutsideCall): boolean {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(call);
    return waiting !== undefined;
  }

  async send(asked: Asked, { signal }: { readonly signal: AbortSignal }): Promise<Reply> {
    const { name, input, by } = await this.#decision(asked, signal);
    const id = `call-${String(asked.messages.length).padStart(3, '0')}`;
    return { content: [{ type: 'tool_use', id, name, input }], stop_reason: 'tool_use', model: by, id, ...UNCOUNTED };
  }

  #decision(asked: Asked, signal: AbortSignal): Promise<OutsideCall> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting = undefined;
        reject(signal.reason as Error);
      };
      const taken = (call: OutsideCall): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(call);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting = { asked, resolve: taken };
      this.#onAsked();
    });
  }
}
