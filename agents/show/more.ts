/** Further pages of a result: rows of one list, filtered and ordered where asked, with whole cells. Costs a turn, no tool call. */
import * as z from 'zod';
import { type Json, Refusal } from '../../src/contract/index.ts';
import { read } from '../../src/expression/index.ts';
import { data } from './data.ts';
import { cell, columns, isRow } from './words.ts';

export const More = z.strictObject({
  of: z.string().describe('name of a result, or of a selection of the procedure'),
  list: z
    .string()
    .default('')
    .describe(
      'which list of it, as a path such as best.tasks; empty: the whole result as it was first shown, or the selection',
    ),
  from: z.number().int().min(0).default(0).describe('first row, counted after filtering, from 0'),
  count: z.number().int().min(1).max(50).default(25),
  where: z
    .array(
      z.strictObject({
        field: z.string(),
        equals: z.string().optional(),
        at_least: z.number().optional(),
        at_most: z.number().optional(),
      }),
    )
    .default([])
    .describe('rows that meet all of these'),
  largest: z.string().nullable().default(null).describe('order by this field, largest first'),
});
type More = z.infer<typeof More>;

const WHOLE = 2000;

/** @throws Refusal where there is no such list */
export function showMore(asked: More, values: Readonly<Record<string, Json>>): string {
  const path = asked.list === '' ? asked.of : `${asked.of}.${asked.list}`;
  const found = read(path, values);
  if (!Array.isArray(found)) {
    throw new Refusal({
      code: 'no-list',
      what: `${path} cannot be paged`,
      why: 'it is no list',
      instead: 'name a list of a result; single values are shown with it',
    });
  }
  const items = found.flat();
  const kept = ordered(
    items.filter((item) => asked.where.every((condition) => holds(item, condition))),
    asked.largest,
  );
  const page = kept.slice(asked.from, asked.from + asked.count);
  const lines = page.every(isRow) ? columns(page, WHOLE) : page.map((item) => cell(item, WHOLE));
  const last = asked.from + page.length;
  const range = page.length === 0 ? 'none' : `${asked.from} to ${last - 1}`;
  const filtered = kept.length < items.length ? ` that meet the conditions (of ${items.length})` : '';
  return data('result', [`${path}: rows ${range} of ${kept.length}${filtered}`, ...lines].join('\n'));
}

function holds(item: Json, { field, equals, at_least, at_most }: More['where'][number]): boolean {
  const value = isRow(item) ? item[field] : undefined;
  if (equals !== undefined && value !== equals) return false;
  if (at_least === undefined && at_most === undefined) return true;
  return typeof value === 'number' && value >= (at_least ?? -Infinity) && value <= (at_most ?? Infinity);
}

function ordered(items: readonly Json[], field: string | null): Json[] {
  const size = (item: Json): number => {
    const value = field !== null && isRow(item) ? item[field] : undefined;
    return typeof value === 'number' ? value : -Infinity;
  };
  return field === null ? [...items] : [...items].sort((a, b) => size(b) - size(a));
}
