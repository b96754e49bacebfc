/** The few numbers of the calibration's table. Pure. */

/** Returns the shares of what is known that was claimed, and of what was claimed that is known; null where there is none. */
export function recallOf(
  claimed: readonly string[],
  known: readonly string[],
): { recall: number | null; precision: number | null } {
  const shared = claimed.filter((component) => known.includes(component)).length;
  const share = (of: readonly string[]): number | null => (of.length === 0 ? null : shared / of.length);
  return { recall: share(known), precision: share(claimed) };
}
