/** Pseudo-random choices that depend on a text alone: the same on every machine and in every version of Node. */
import { sha256 } from '../contract/index.ts';

/** Returns a source of integers in [0, below); equal texts give equal sequences. */
export function randomFrom(seed: string): (below: number) => number {
  let drawn = 0;
  return (below) => {
    // 48 bits: the bias of the remainder is under 1e-9 for anything that we count.
    return Number.parseInt(sha256(`${seed}|${drawn++}`).slice(0, 12), 16) % below;
  };
}

/** Returns `count` different items in random order (all, where there are fewer). */
export function sample<T>(items: readonly T[], count: number, random: (below: number) => number): T[] {
  const rest = [...items];
  const taken: T[] = [];
  while (taken.length < count && rest.length > 0) taken.push(...rest.splice(random(rest.length), 1));
  return taken;
}
