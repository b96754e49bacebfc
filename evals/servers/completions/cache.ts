/** The cache of this API works by itself: a prefix that was sent before is read again in steps of 128 tokens, from 1024 on. */
import type { Usage } from '../../../src/contract/index.ts';
import { tokensOf } from '../counting.ts';
import type { Request } from './wire.ts';

const LEAST = 1024;
const STEP = 128;

export class PrefixCache {
  readonly #sent: string[] = [];

  /** Returns what a request reads, and keeps it. Output is none yet. */
  read({ model, tools, messages }: Request): Usage {
    const text = JSON.stringify([model, tools, messages]);
    const same = Math.max(0, ...this.#sent.map((before) => sharedLength(before, text)));
    this.#sent.push(text);
    const known = Math.floor(tokensOf(text.slice(0, same)) / STEP) * STEP;
    const cache_read = known < LEAST ? 0 : known;
    return { input: tokensOf(text) - cache_read, cache_read, cache_write_5m: 0, cache_write_1h: 0, output: 0 };
  }
}

function sharedLength(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}
