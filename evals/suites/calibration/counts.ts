/** The few numbers of the calibration's table. Pure. */

/** Returns the shares of what is known that was claimed, and of what was claimed that is known. */
export function recallOf(claimed: readonly string[], known: readonly string[]): { recall: number; precision: number } {
  const shared = claimed.filter((component) => known.includes(component)).length;
  return { recall: shared / known.length, precision: shared / claimed.length };
}
