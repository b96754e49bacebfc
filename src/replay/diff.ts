/** Two runs side by side, step by step: what both did alike, what otherwise, and what only one of them did. */
import type { Step } from '../contract/index.ts';
import { type Change, changes } from './changes.ts';

export interface DiffRow {
  /** As the first run has it, or the second where only that does. */
  readonly act: string;
  readonly status: 'same' | 'changed' | 'only-first' | 'only-second';
  /** Number of the step in each run. */
  readonly first: number | null;
  readonly second: number | null;
  readonly changes: readonly Change[];
}

/** A call of the search is the same by its name, whatever its place among the calls. */
const nameOf = ({ act }: Step): string => act.replace(/^(search\/)\d+-/, '$1');

/** Returns a row per act of either run: in the order of the first, what only the second has after what precedes it there. */
export function diffRuns(first: readonly Step[], second: readonly Step[]): DiffRow[] {
  const [left, right] = [byName(first), byName(second)];
  const names = [...left.keys()];
  let place = 0;
  for (const name of right.keys()) {
    const found = names.indexOf(name);
    if (found >= 0) place = found + 1;
    else names.splice(place++, 0, name);
  }
  return names.map((name) => rowOf(left.get(name), right.get(name)));
}

const byName = (steps: readonly Step[]): Map<string, Step> => new Map(steps.map((step) => [nameOf(step), step]));

function rowOf(first: Step | undefined, second: Step | undefined): DiffRow {
  const row = { act: first?.act ?? second?.act ?? '', first: first?.seq ?? null, second: second?.seq ?? null };
  if (first === undefined) return { ...row, status: 'only-second', changes: [] };
  if (second === undefined) return { ...row, status: 'only-first', changes: [] };
  const inside = changes(first.body, second.body);
  const moved = first.act === second.act ? [] : changes({ act: first.act }, { act: second.act });
  const found = [...moved, ...inside];
  return { ...row, status: found.length === 0 ? 'same' : 'changed', changes: found };
}
