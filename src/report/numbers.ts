/** How numbers are written for people, in terminal, page and figures alike. JSON output never passes through here. */

/** Returns three decimals for ordinary sizes, three significant digits otherwise; whole numbers stay whole. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return grouped(value);
  const size = Math.abs(value);
  if (size >= 0.001 && size < 1000) return value.toFixed(3);
  return size < 0.001 ? value.toExponential(1) : grouped(Math.round(value));
}

/** Returns three decimals without the leading zero, for cells of a map: `.264`, `-.006`; no minus before nothing. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value
    .toFixed(3)
    .replace(/^-(0\.000)$/, '$1')
    .replace(/^(-?)0\./, '$1.');
}

function grouped(value: number): string {
  return Math.abs(value) < 10_000 ? String(value) : value.toLocaleString('en-US');
}

/** Returns `3 s`, `2 min 05 s` or `1 h 02 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** Returns the first characters of a hash, enough to tell artifacts apart by eye. */
export function short(sha: string | null | undefined): string {
  return sha ? sha.slice(0, 10) : '–';
}

/** Returns the mean, or null of an empty list. */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
