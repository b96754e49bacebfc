/** What a prompt cache with breakpoints would have saved. */
import { sha256, type Usage } from '../../../src/contract/index.ts';
import { tokensOf } from '../counting.ts';
import type { Request } from './wire.ts';

/** A shorter prefix is not cached; the API's own figure differs by model, from 512 to 4096. */
const LEAST = 1024;
const LIFE_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

interface Block {
  readonly tokens: number;
  /** Of everything up to here. */
  readonly prefix: string;
  readonly mark: '5m' | '1h' | null;
}

/** Prefixes that were written, with the time at which they lapse. One for each server, as for each account. */
export class PromptCache {
  readonly #until = new Map<string, number>();

  /** Returns what a request reads and writes, and keeps what it writes. Output is none yet. */
  read(request: Request, now: number): Usage {
    const blocks = blocksOf(request);
    const size = (end: number): number => blocks.slice(0, end).reduce((sum, { tokens }) => sum + tokens, 0);
    const kept = blocks.findLastIndex(({ prefix }) => (this.#until.get(prefix) ?? 0) > now) + 1;
    const written = { '5m': 0, '1h': 0 };
    let done = kept;
    for (const [index, { mark, prefix }] of blocks.entries()) {
      if (mark === null || size(index + 1) < LEAST) continue;
      if (index + 1 > done) {
        written[mark] += size(index + 1) - size(done);
        done = index + 1;
      }
      this.#until.set(prefix, now + LIFE_MS[mark]);
    }
    const cache_read = size(kept);
    return {
      input: size(blocks.length) - size(Math.max(done, kept)),
      cache_read,
      cache_write_5m: written['5m'],
      cache_write_1h: written['1h'],
      output: 0,
    };
  }
}

/** In the order in which prefixes are formed: tools, system, messages. */
function blocksOf({ model, tools, system, messages }: Request): Block[] {
  const all = [
    ...tools,
    ...system,
    ...messages.flatMap(({ role, content }) => content.map((block) => ({ role, ...block }))),
  ] as { cache_control?: { ttl?: '5m' | '1h' } }[];
  let prefix = model;
  return all.map(({ cache_control, ...block }) => {
    const text = JSON.stringify(block);
    prefix = sha256(prefix + text);
    return { tokens: tokensOf(text), prefix, mark: cache_control ? (cache_control.ttl ?? '5m') : null };
  });
}
