/** What the turns of a language planner cost, read from the record: tokens by kind, money, and what was asked without an answer. */
import type { Step, Usage } from '../contract/index.ts';

export interface TurnCost {
  /** Act of the turn. */
  readonly turn: string;
  readonly for: string;
  /** Of the reply and of requests that brought none, as far as they told. */
  readonly usage: Usage;
  /** null where a part of it has no price or is not known. */
  readonly usd: number | null;
  /** Requests that brought no reply. */
  readonly failed: number;
}

const NOTHING: Usage = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };

/** Returns one row for each turn, in order. */
export function turnCosts(steps: readonly Step[]): TurnCost[] {
  const rows = new Map<string, TurnCost>();
  for (const { act, body } of steps) {
    if (body.kind === 'turn') rows.set(act, { turn: act, for: body.for, usage: NOTHING, usd: 0, failed: 0 });
    if (body.kind !== 'reply' && body.kind !== 'failed-reply') continue;
    const row = rows.get(body.turn);
    if (row === undefined) continue;
    const failed = row.failed + (body.kind === 'failed-reply' ? 1 : 0);
    rows.set(body.turn, {
      ...row,
      usage: added(row.usage, body.usage ?? NOTHING),
      usd: sum(row.usd, body.usd),
      failed,
    });
  }
  return [...rows.values()];
}

/** Returns the sum of rows; `cached` is the share of what was read that came from the cache, null where nothing was read. */
export function totalCost(
  rows: readonly TurnCost[],
): Omit<TurnCost, 'turn' | 'for'> & { readonly cached: number | null } {
  const usage = rows.reduce((total, row) => added(total, row.usage), NOTHING);
  const read = tokensRead(usage);
  return {
    usage,
    usd: rows.reduce<number | null>((total, row) => sum(total, row.usd), 0),
    failed: rows.reduce((total, row) => total + row.failed, 0),
    cached: read > 0 ? usage.cache_read / read : null,
  };
}

/** Everything that a request read, from the cache or afresh. */
export function tokensRead({ input, cache_read, cache_write_5m, cache_write_1h }: Usage): number {
  return input + cache_read + cache_write_5m + cache_write_1h;
}

function added(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    cache_read: a.cache_read + b.cache_read,
    cache_write_5m: a.cache_write_5m + b.cache_write_5m,
    cache_write_1h: a.cache_write_1h + b.cache_write_1h,
    output: a.output + b.output,
  };
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}
