/** Seeds as they are given on the command line: one, or how many. */
import { InvalidArgumentError } from 'commander';

/** Returns a whole number from 0 to 2^31 - 1. @throws InvalidArgumentError */
export function seedOf(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= 2_147_483_647) return seed;
  throw new InvalidArgumentError('a seed is a whole number from 0 to 2147483647');
}

/** How many runs, with seeds from 0. @throws InvalidArgumentError */
export function seedsOf(text: string): number {
  const seeds = Number(text);
  if (Number.isInteger(seeds) && seeds >= 1 && seeds <= 1000) return seeds;
  throw new InvalidArgumentError('the number of seeds is a whole number from 1 to 1000');
}
