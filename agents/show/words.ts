/** Numbers, lists and tables in few characters. */
import type { Json, JsonObject } from '../../src/contract/index.ts';

/** Four significant digits say more than any of our measurements knows. */
export function number(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

/** One cell: a value on one line, cut at `width`; what is itself a list or an object is only counted. */
export function cell(value: Json | undefined, width: number): string {
  if (typeof value === 'number') return number(value);
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === 'object') return '{…}';
  const text = String(value ?? '–').replaceAll('\n', '\\n');
  return text.length > width ? `${text.slice(0, width)}…` : text;
}

export function isRow(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns a header line and a line for each row, columns aligned; what names a row comes before what was measured on it. */
export function columns(rows: readonly JsonObject[], width: number): string[] {
  const found = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isName = (name: string): boolean => rows.some((row) => typeof row[name] === 'string');
  const names = [...found.filter(isName), ...found.filter((name) => !isName(name))];
  const cells = [names, ...rows.map((row) => names.map((name) => cell(row[name], width)))];
  const widths = names.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
