/**
 * What a checker is given, and how it reads it. A checker is a pure function of the criterion and this evidence: no clock,
 * no randomness, no model. What is missing or no number is unmeasured, with a reason, and never passes.
 */
import { type Criterion, type Json, type Listed, nameIn, type Quantity, readPath } from '../../src/contract/index.ts';

export interface Evidence {
  /** Results by the name of their measurement. */
  readonly values: Readonly<Record<string, Json>>;
  /** Known rankings by name; never shown to an agent. */
  readonly references: Readonly<Record<string, KnownRanking>>;
  /** Measurements without a result, with the reason. */
  readonly unmeasured: Readonly<Record<string, string>>;
}

export interface KnownRanking {
  /** Who measured it on what, in words. */
  readonly source: string;
  /** Best first; an effect is null where only the heads were published. */
  readonly heads: ReadonlyArray<{ readonly component: string; readonly effect: number | null }>;
}

/** What a checker found; `pass` is only asked where `measured` is a number. */
export interface Finding {
  readonly measured: number;
  readonly pass: boolean;
  readonly null_values?: readonly number[];
  readonly parts?: Readonly<Record<string, Json>>;
}

/** Thrown by the readers below and caught in `check`: there is no number, for this reason. */
export class Unmeasured extends Error {}

export type Kind = Criterion['kind'];
export type Of<K extends Kind> = Extract<Criterion, { kind: K }>;

export interface Checker<K extends Kind> {
  /** The threshold in words, e.g. `at least 0.25`. */
  readonly threshold: (criterion: Of<K>) => string;
  /** @throws Unmeasured where the evidence gives no number */
  readonly find: (criterion: Of<K>, evidence: Evidence) => Finding;
}

/** A difference of two shares is off by about 1e-16, and nothing that is measured is finer than this. */
const ROUNDING = 1e-9;

/** `a >= b`, where the boundary counts in spite of rounding. False for NaN. */
export const reaches = (a: number, b: number): boolean => a >= b - ROUNDING;

/** `a > b` by more than rounding. False for NaN. */
export const exceeds = (a: number, b: number): boolean => a > b + ROUNDING;

/** Returns the number that a quantity names. */
export function quantity(of: Quantity, evidence: Evidence): number {
  if (typeof of === 'string') return asNumber(at(of, evidence), of);
  const [[fold, path]] = Object.entries(of) as [[string, string]];
  const all = numbers(path, evidence);
  if (fold === 'best_of') return Math.max(...all);
  if (fold === 'worst_of') return Math.min(...all);
  const sum = all.reduce((total, value) => total + value, 0);
  return fold === 'sum_of' ? sum : sum / all.length;
}

/** Returns the numbers at a path, at least one. */
export function numbers(path: string, evidence: Evidence): number[] {
  return list(path, evidence).map((value, index) => asNumber(value, `${path}, item ${index},`));
}

/** Returns the different components at a path, or at several, in order, at least one at each. */
export function components(of: Listed, evidence: Evidence): string[] {
  const paths = typeof of === 'string' ? [of] : of.union_of;
  return [...new Set(paths.flatMap((path) => componentsAt(path, evidence)))];
}

function componentsAt(path: string, evidence: Evidence): string[] {
  return [
    ...new Set(
      list(path, evidence).map((value) => {
        if (typeof value !== 'string')
          throw new Unmeasured(`${path} holds ${JSON.stringify(value)}, which is no component`);
        return value;
      }),
    ),
  ];
}

/** Returns component and effect of each row at a path, at least one. */
export function effects(path: string, evidence: Evidence): Array<{ component: string; effect: number }> {
  return list(path, evidence).map((row, index) => {
    const { component, effect } = (row ?? {}) as { component?: Json; effect?: Json };
    if (typeof component !== 'string') throw new Unmeasured(`${path}, row ${index}, has no component`);
    return { component, effect: asNumber(effect ?? null, `the effect of ${component}`) };
  });
}

/** Returns a reference ranking, at least one head. */
export function reference(name: string, { references }: Evidence): KnownRanking {
  const ranking = Object.hasOwn(references, name) ? references[name] : undefined;
  if (!ranking || ranking.heads.length === 0)
    throw new Unmeasured(`no reference ranking "${name}" is known for this model`);
  return ranking;
}

function list(path: string, evidence: Evidence): Json[] {
  const value = at(path, evidence);
  if (!Array.isArray(value)) throw new Unmeasured(`${path} is not a list`);
  if (value.length === 0) throw new Unmeasured(`${path} is empty`);
  return value;
}

function at(path: string, { values, unmeasured }: Evidence): Json {
  const name = nameIn(path);
  if (Object.hasOwn(unmeasured, name)) throw new Unmeasured(`${name} was not measured: ${unmeasured[name]}`);
  const result = readPath(path, values);
  if (!result.found) throw new Unmeasured(`${path} is missing: ${result.why}`);
  return result.value;
}

function asNumber(value: Json, place: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Unmeasured(`${place} is ${typeof value === 'number' ? value : JSON.stringify(value)}, which is no number`);
}

/** Returns source and reason of a criterion's thresholds, each said once. */
export function reasonOf(criterion: Criterion): string {
  const thresholds = criterion.kind === 'between' ? [criterion.low, criterion.high] : [criterion.threshold];
  const parts = thresholds.flatMap(({ source, because }) => [source, because]).filter((part) => part !== undefined);
  // two limits may cite one source, the second without its numbers
  return parts.filter((part, index) => !parts.slice(0, index).some((said) => said.startsWith(part))).join('; ');
}
