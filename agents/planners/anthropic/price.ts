/** What a request costs, by the table in prices.json. */
import * as z from 'zod';
import type { Usage } from '../../../src/contract/index.ts';
import table from './prices.json' with { type: 'json' };

const Rates = z.strictObject({
  input: z.number(),
  cache_write_5m: z.number(),
  cache_write_1h: z.number(),
  cache_read: z.number(),
  output: z.number(),
});

const prices = z
  .strictObject({
    about: z.string(),
    as_of: z.iso.date(),
    sources: z.array(z.string()).min(1),
    models: z.record(
      z.string(),
      Rates.extend({
        above: Rates.extend({ tokens: z.number() }).optional().describe('rates of a request that reads more tokens'),
      }),
    ),
  })
  .parse(table);

const MILLION = 1e6;

export function isPriced(model: string): boolean {
  return ratesOf(model) !== undefined;
}

function ratesOf(model: string) {
  return prices.models[model] ?? prices.models[model.replace(/-\d{8}$/, '')];
}

/** Returns US dollars, or null for a model without a price. A dated name such as claude-haiku-4-5-20251001 has the price of its family. */
export function usdOf(model: string, usage: Usage): number | null {
  const rates = ratesOf(model);
  if (rates === undefined) return null;
  const read = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
  const { above } = rates;
  const at = above !== undefined && read > above.tokens ? above : rates;
  const kinds = ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output'] as const;
  return kinds.reduce((sum, kind) => sum + usage[kind] * at[kind], 0) / MILLION;
}
