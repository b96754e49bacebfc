/** Unknown names: finds the name that was probably meant, and says no in one sentence. */
import { Refusal } from '../contract/index.ts';

/**
 * Returns the name of the smallest edit distance, or undefined where none is close (more than half of the letters differ).
 * Of several equally near names the first in order of `names` is returned.
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  return best && best.distance <= Math.max(name.length, best.name.length) / 2 ? best.name : undefined;
}

/** Returns the refusal of a name that is none of `names`; `kind` is a word such as `finding`. */
export function unknownName(kind: string, name: string, names: readonly string[]): Refusal {
  const near = nearest(name, names);
  const all = names.length === 0 ? `there is no ${kind} yet` : `use one of ${[...names].sort().join(', ')}`;
  return new Refusal({
    code: `unknown-${kind}`,
    what: `there is no ${kind} named "${name}"`,
    why: names.length === 0 ? 'none is known' : `${names.length} are known`,
    instead: near ? `did you mean ${near}? Otherwise ${all}` : all,
  });
}

/** Levenshtein distance: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
