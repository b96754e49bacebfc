/** The hypergeometric tail: how likely two random lists share as much as two given ones. */

/** Returns the chance that random sets of `a` and `b` of `all` things share at least `shared`; exact but for rounding. */
export function chanceOfSharing(shared: number, a: number, b: number, all: number): number {
  const logs = logFactorials(all);
  const logChoose = (n: number, k: number): number =>
    (logs[n] as number) - (logs[k] as number) - (logs[n - k] as number);
  const least = Math.max(shared, a + b - all);
  let chance = 0;
  for (let k = least; k <= Math.min(a, b); k++) {
    chance += Math.exp(logChoose(a, k) + logChoose(all - a, b - k) - logChoose(all, b));
  }
  return Math.min(1, chance);
}

/** Returns log(n!) for n = 0 … most. */
function logFactorials(most: number): number[] {
  const logs = [0];
  for (let n = 1; n <= most; n++) logs.push((logs[n - 1] as number) + Math.log(n));
  return logs;
}
