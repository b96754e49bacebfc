/** What differs between two JSON values, by path. */
import type { Json } from '../contract/index.ts';

export interface Change {
  /** As in `verdict.criteria[2].measured`; empty for the whole. */
  readonly path: string;
  /** null where the first has nothing there, else JSON. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Returns every change in order of the first value's keys, then the second's. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      changes(before[index], after[index], `${path}[${index}]`),
    ).flat();
  }
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changes(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  const [first, second] = [spelt(before), spelt(after)];
  return first === second ? [] : [{ path, before: first, after: second }];
}

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const spelt = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
