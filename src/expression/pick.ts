/** Picks rows of earlier results by conditions, so that a protocol can say "the tasks that the model solves" as data. */
import { type Condition, type Json, type JsonObject, type Pick, Refusal } from '../contract/index.ts';
import { read } from './evaluate.ts';

type Values = Readonly<Record<string, Json>>;
type Other = NonNullable<Condition['below_field_by']>;

/**
 * Returns field `take` of every row that meets all conditions, in order; where none does, what stands at `otherwise`, or
 * an empty list.
 * @throws Refusal for a path or field that is missing, or a compared value that is no number
 */
export function pick(pick: Pick, values: Values): Json[] {
  const chosen = rows(pick.from, values)
    .filter((row) => pick.where.every((condition) => holds(condition, row, pick.from, values)))
    .map((row) => field(row, pick.take, pick.from));
  if (chosen.length > 0 || pick.otherwise === undefined) return chosen;
  const otherwise = read(pick.otherwise, values);
  return Array.isArray(otherwise) ? otherwise : [otherwise];
}

const NUMERIC: ReadonlySet<string> = new Set([
  'at_least',
  'at_most',
  'share_of_best',
  'more_than_field',
  'below_field_by',
  'above_field_by',
]);

function holds(condition: Condition, row: JsonObject, from: string, values: Values): boolean {
  const numeric = Object.entries(condition).some(([test, asked]) => NUMERIC.has(test) && asked !== undefined);
  if (condition.equals === undefined && !numeric) {
    throw refusal(
      `a condition on ${from} asks nothing of "${condition.field}"`,
      'it names no test',
      `add equals or one of ${[...NUMERIC].join(', ')}`,
    );
  }
  if (condition.equals !== undefined && field(row, condition.field, from) !== condition.equals) return false;
  return !numeric || holdsAsNumber(condition, row, from, values);
}

function holdsAsNumber(condition: Condition, row: JsonObject, from: string, values: Values): boolean {
  const { at_least, at_most, share_of_best, more_than_field, below_field_by, above_field_by } = condition;
  const value = number(row, condition.field, from);
  const tests: boolean[] = [];
  if (at_least !== undefined) tests.push(value >= at_least);
  if (at_most !== undefined) tests.push(value <= at_most);
  if (share_of_best !== undefined)
    tests.push(
      reaches(
        value,
        share_of_best * Math.max(...rows(from, values).map((other) => number(other, condition.field, from))),
      ),
    );
  if (more_than_field !== undefined) tests.push(value > number(row, more_than_field, from));
  if (below_field_by)
    tests.push(reaches(partnerOf(row, from, below_field_by, values) - value, below_field_by.at_least));
  if (above_field_by)
    tests.push(reaches(value - partnerOf(row, from, above_field_by, values), above_field_by.at_least));
  return tests.every(Boolean);
}

/** A difference of two shares is off by about 1e-16, and nothing that is measured is finer than this. */
const ROUNDING = 1e-9;

function reaches(difference: number, least: number): boolean {
  return difference >= least - ROUNDING;
}

/** Returns the compared number of the row of another list that has the same key. */
function partnerOf(row: JsonObject, from: string, other: Other, values: Values): number {
  const key = field(row, other.matching, from);
  const partners = rows(other.of, values).filter((candidate) => field(candidate, other.matching, other.of) === key);
  const [partner] = partners;
  if (partner === undefined || partners.length > 1) {
    throw refusal(
      `a row of ${from} has no partner in ${other.of}`,
      `${partners.length} rows have ${other.matching} ${JSON.stringify(key)}`,
      'measure both on the same tasks',
    );
  }
  return number(partner, other.field, other.of);
}

/** Rows of several lists, as under `tasks[].heads`, are one list. */
function rows(path: string, values: Values): JsonObject[] {
  const found = read(path, values);
  const list = Array.isArray(found) ? found.flat() : found;
  if (Array.isArray(list) && list.every((row) => row !== null && typeof row === 'object' && !Array.isArray(row)))
    return list as JsonObject[];
  throw refusal(`rows cannot be picked from ${path}`, 'it is not a list of rows', 'name a list of objects');
}

function number(row: JsonObject, name: string, from: string): number {
  const value = field(row, name, from);
  if (typeof value === 'number') return value;
  throw refusal(
    `"${name}" of a row of ${from} cannot be compared`,
    `it is ${JSON.stringify(value)}`,
    'compare numbers only',
  );
}

function field(row: JsonObject, name: string, from: string): Json {
  if (Object.hasOwn(row, name)) return row[name] as Json;
  throw refusal(
    `a row of ${from} has no "${name}"`,
    `it has ${Object.keys(row).join(', ') || 'no fields'}`,
    'name a field of the row',
  );
}

function refusal(what: string, why: string, instead: string): Refusal {
  return new Refusal({ code: 'bad-pick', what, why, instead });
}
