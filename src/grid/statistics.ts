/** The few numbers by which cells are summarised. Pure; what they are asked about is decided in pool.ts. */
import { chanceOfSharing } from '../../evals/checkers/index.ts';

/** 97.5 % point of the normal distribution. */
const Z = 1.959963984540054;

/** Returns Wilson's 95 % interval of a share; [0, 1] where nothing was counted. */
export function wilson(passing: number, of: number): { low: number; high: number } {
  if (of === 0) return { low: 0, high: 1 };
  const share = passing / of;
  const centre = (share + Z ** 2 / (2 * of)) / (1 + Z ** 2 / of);
  const half = (Z / (1 + Z ** 2 / of)) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return {
    low: passing === 0 ? 0 : Math.max(0, centre - half),
    high: passing === of ? 1 : Math.min(1, centre + half),
  };
}

export interface Overlap {
  readonly shared: number;
  /** Length of the smaller list. */
  readonly of: number;
  /** Components that two random lists of these lengths share on average. */
  readonly by_chance: number;
  /** Chance that they share at least as many. */
  readonly p: number;
}

/** Returns how much two lists share. @param all components that could have been drawn, never fewer than the lists name */
export function overlapOf(first: readonly string[], second: readonly string[], all: number): Overlap {
  const [a, b] = [new Set(first), new Set(second)];
  const shared = [...a].filter((item) => b.has(item)).length;
  const among = Math.max(all, new Set([...a, ...b]).size);
  return {
    shared,
    of: Math.min(a.size, b.size),
    by_chance: (a.size * b.size) / among,
    p: chanceOfSharing(shared, a.size, b.size, among),
  };
}

/** Returns the chance that a standard normal variable is at least `z` (Abramowitz and Stegun 7.1.26, off by at most 1e-7). */
export function upperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = (series * Math.exp(-x * x)) / 2;
  return z >= 0 ? half : 1 - half;
}
