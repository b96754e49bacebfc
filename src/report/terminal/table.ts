/** Text in columns and wrapped text; widths are counted in characters that show, colours aside. */
import { safe } from '../escape.ts';
import type { Paint } from './paint.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the colours that `Paint` wrote
const COLOURS = /\u001b\[[0-9;]*m/g;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;

/** Returns the columns that a text fills. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text.replace(COLOURS, ''))
    width += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** Returns text without colours cut to a width, with an ellipsis where something was lost. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let out = '';
  for (const character of text) {
    if (widthOf(out + character) >= width) break;
    out += character;
  }
  return `${out}…`;
}

/** Returns rows under a dimmed head; a head that begins with `#` is of numbers and stands right. The last column may be cut. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string[] {
  const right = head.map((name) => name.startsWith('#'));
  const names = head.map((name) => name.replace('#', ''));
  const widths = names.map((name, i) => Math.max(widthOf(name), ...rows.map((row) => widthOf(row[i] ?? ''))));
  const used = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max(16, paint.columns - used);
  const write = (row: readonly string[]) =>
    row
      .map((text, i) => {
        const fitted = i === row.length - 1 && paint.fits ? cut(text, room) : text;
        return right[i]
          ? padStart(fitted, widths[i] ?? 0)
          : i === row.length - 1
            ? fitted
            : padEnd(fitted, widths[i] ?? 0);
      })
      .join('  ');
  return [paint.dim(write(names).trimEnd()), ...rows.map((row) => write(row).trimEnd())];
}

/** Returns plain text, with unseen characters spelled, wrapped at spaces to `width` columns, each line indented. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of safe(text, 'terminal').split(/\s+/)) {
    if (line !== '' && widthOf(indent) + widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, indent + line];
}
