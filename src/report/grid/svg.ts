/** The grid as one figure: a field for each place, its verdict in words, the colour only beside them. */
import { el, type Markup, svg, text } from '../svg/element.ts';
import { aloneStyle } from '../svg/style.ts';
import { widthOf } from '../terminal/table.ts';
import { type Column, type Drawn, layoutOf, legend, placeInWords, type Row, rowName, toneOfPlace } from './words.ts';

const FIELD = { height: 30, gap: 4 };
const HEAD = 52;
const EDGE = 12;
const LETTER = 6.6;
const STYLE =
  '.figure .t-pass{fill:var(--pass)}.figure .t-fail{fill:var(--fail)}.figure .t-warn{fill:var(--warn)}.figure .t-none{fill:var(--soft)}';

/** Returns a file of its own, in colours for light and dark. */
export function gridSvg(grid: Drawn): string {
  return `${drawing(grid).markup}\n`;
}

function drawing(grid: Drawn): Markup {
  const layout = layoutOf(grid);
  const { columns, rows, at } = layout;
  const words = (row: Row, column: Column): string => placeInWords(at(row, column));
  const widthFor = (all: readonly string[]): number => Math.ceil(Math.max(0, ...all.map(widthOf)) * LETTER) + 20;
  const names = widthFor(rows.map(rowName));
  const widths = columns.map((column) =>
    widthFor([column.behaviour, column.finding ?? '', ...rows.map((row) => words(row, column))]),
  );
  const left = widths.map(
    (_, i) => EDGE + names + widths.slice(0, i).reduce((sum, width) => sum + width + FIELD.gap, 0),
  );
  const notes = legend(grid);
  const top = (i: number): number => HEAD + i * (FIELD.height + FIELD.gap);
  const width = 2 * EDGE + names + widths.reduce((sum, one) => sum + one + FIELD.gap, 0);
  return svg(
    Math.max(width, EDGE + widthFor(notes)),
    top(rows.length) + 14 + notes.length * 17 + EDGE,
    'Grid of models by behaviours and findings',
    aloneStyle(),
    el('style', {}, { markup: STYLE }),
    columns.map(({ behaviour, finding }, i) => [
      text((left[i] ?? 0) + 10, 22, behaviour),
      text((left[i] ?? 0) + 10, 39, finding ?? '', { class: 'name' }),
    ]),
    rows.map((row, r) => [
      text(EDGE, top(r) + 19, rowName(row), { class: 'ink' }),
      columns.map((column, c) => {
        const place = at(row, column);
        const size = { x: left[c] ?? 0, y: top(r), width: widths[c] ?? 0, height: FIELD.height };
        const tone = `t-${toneOfPlace(place)}`;
        return [
          el('rect', { ...size, rx: 4, class: 'cell' }),
          place.cell === null ? null : el('rect', { ...size, width: 4, rx: 2, class: tone }),
          text(size.x + 10, size.y + 19, words(row, column), { class: place.cell === null ? '' : `word ${tone}` }),
        ];
      }),
    ]),
    notes.map((note, i) => text(EDGE, top(rows.length) + 14 + i * 17, note)),
  );
}
