/**
 * One result measured twice: bitwise equal, within the interval that the first stated, or different. What the receipt says of the
 * machine may differ; what it says of the measurement may not.
 */
import { ArtifactRef, type JsonObject, type ModelFacts, Receipt } from '../contract/index.ts';
import type { Tensor } from '../store/index.ts';
import { type Change, changes } from './changes.ts';

/** How far two measurements of one number may lie apart, and who said so. */
export interface Interval {
  readonly within: number;
  readonly by: 'the audit of its receipt' | "the model's self-test at load";
}

export interface Comparison {
  readonly class: 'bitwise' | 'within' | 'different';
  readonly interval: Interval;
  /** Largest absolute difference of two numbers; null where something else than a number differs. */
  readonly deviation: number | null;
  /** Where it is largest, or what is otherwise. */
  readonly at: string;
  /** What differs about the machines, e.g. `versions.torch`. */
  readonly conditions: readonly Change[];
}

type ReadTensor = (side: 'before' | 'after', sha256: string) => Tensor;

/** Fields of a receipt that describe the machine and the cost, not what was measured. */
const CONDITIONS = ['device', 'attention', 'versions', 'engine', 'forwards', 'rows', 'layer_tokens', 'noise', 'audit'];

/** The interval that a recorded result states: its audit's, where it has one. */
export function intervalOf(output: JsonObject, facts: ModelFacts): Interval {
  const audit = Receipt.safeParse(output['receipt']).data?.audit;
  return audit
    ? { within: audit.tolerance, by: 'the audit of its receipt' }
    : { within: facts.self_test.tolerance, by: "the model's self-test at load" };
}

export function classify(before: JsonObject, after: JsonObject, interval: Interval, read: ReadTensor): Comparison {
  const all = changes(before, after);
  const conditions = all.filter(({ path }) => CONDITIONS.some((name) => isUnder(path, `receipt.${name}`)));
  const found = all
    .filter((change) => !conditions.includes(change))
    .map((change) => sizeOf(change, before, after, read));
  const other = found.find(({ deviation }) => deviation === null);
  if (other) return { class: 'different', interval, deviation: null, at: other.at, conditions };
  if (found.length === 0) return { class: 'bitwise', interval, deviation: 0, at: '', conditions };
  const largest = found.reduce((a, b) => ((b.deviation ?? 0) > (a.deviation ?? 0) ? b : a));
  const inside = (largest.deviation ?? 0) <= interval.within;
  return { class: inside ? 'within' : 'different', interval, ...largest, conditions };
}

const isUnder = (path: string, field: string): boolean =>
  path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);

interface Size {
  readonly deviation: number | null;
  readonly at: string;
}

function sizeOf(change: Change, before: JsonObject, after: JsonObject, read: ReadTensor): Size {
  const { path } = change;
  if (path.endsWith('.sha256')) {
    const [a, b] = [before, after].map((side) =>
      ArtifactRef.safeParse(valueAt(side, path.slice(0, -'.sha256'.length))),
    );
    if (a?.success && b?.success) return tensorSize(path, read('before', a.data.sha256), read('after', b.data.sha256));
  }
  const [a, b] = [change.before, change.after].map((text) => (text === null ? null : (JSON.parse(text) as unknown)));
  if (typeof a === 'number' && typeof b === 'number') return { deviation: Math.abs(a - b), at: path };
  return { deviation: null, at: `${path}: ${change.before ?? 'nothing'} and ${change.after ?? 'nothing'}` };
}

/** Files may differ in what they say of themselves and hold the same numbers: that is a deviation of zero. */
function tensorSize(path: string, a: Tensor, b: Tensor): Size {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join())
    return { deviation: null, at: `${path}: ${a.dtype} of shape ${a.shape} and ${b.dtype} of shape ${b.shape}` };
  let deviation = 0;
  for (const [index, value] of a.data.entries())
    deviation = Math.max(deviation, Math.abs(value - (b.data[index] ?? Number.NaN)));
  return { deviation, at: path };
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split(/[.[\]]+/)
    .filter((key) => key !== '')
    .reduce<unknown>((inside, key) => (inside as Record<string, unknown> | undefined)?.[key], value);
}
