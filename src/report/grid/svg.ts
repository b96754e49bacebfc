/** The grid as one figure: a field for each place with the mark of its verdict, the colour only beside it. */
import { el, type Markup, svg, text } from '../svg/element.ts';
import { aloneStyle } from '../svg/style.ts';
import { widthOf } from '../terminal/table.ts';
import {
  type Column,
  columnName,
  type Drawn,
  headsOf,
  layoutOf,
  legend,
  placeInWords,
  placeMark,
  type Row,
  rowName,
  toneOfPlace,
} from './words.ts';

const FIELD = { height: 30, gap: 4 };
/** Names of columns stand aslant, so that a column is as narrow as its marks. */
const SLANT = 45;
const SLANTED = Math.SQRT1_2;
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
  const mark = (row: Row, column: Column): string => placeMark(at(row, column));
  const widthFor = (all: readonly string[]): number => Math.ceil(Math.max(0, ...all.map(widthOf)) * LETTER) + 20;
  const heads = headsOf(columns);
  const slanted = Math.ceil(widthFor(heads) * SLANTED);
  const head = slanted + 12;
  const names = widthFor(rows.map(rowName));
  const widths = columns.map((column) => Math.max(44, widthFor(rows.map((row) => mark(row, column)))));
  const left = widths.map(
    (_, i) => EDGE + names + widths.slice(0, i).reduce((sum, width) => sum + width + FIELD.gap, 0),
  );
  const notes = [...legend(grid), ...columns.map(columnName)];
  const top = (i: number): number => head + i * (FIELD.height + FIELD.gap);
  const width = 2 * EDGE + names + widths.reduce((sum, one) => sum + one + FIELD.gap, 0) + slanted;
  return svg(
    Math.max(width, EDGE + widthFor(notes)),
    top(rows.length) + 14 + notes.length * 17 + EDGE,
    'Grid of models by behaviours and findings',
    aloneStyle(),
    el('style', {}, { markup: STYLE }),
    heads.map((name, i) => {
      const [x, y] = [(left[i] ?? 0) + 18, head - 10];
      return text(x, y, name, { class: 'name', transform: `rotate(-${SLANT} ${x} ${y})` });
    }),
    rows.map((row, r) => [
      text(EDGE, top(r) + 19, rowName(row), { class: 'ink' }),
      columns.map((column, c) => {
        const place = at(row, column);
        const size = { x: left[c] ?? 0, y: top(r), width: widths[c] ?? 0, height: FIELD.height };
        const tone = `t-${toneOfPlace(place)}`;
        return [
          el('rect', { ...size, rx: 4, class: 'cell' }),
          place.cell === null ? null : el('rect', { ...size, width: 4, rx: 2, class: tone }),
          el(
            'g',
            {},
            el('title', {}, placeInWords(place) ?? 'not measured'),
            text(size.x + 14, size.y + 19, mark(row, column), { class: place.cell === null ? '' : `word ${tone}` }),
          ),
        ];
      }),
    ]),
    notes.map((note, i) => text(EDGE, top(rows.length) + 14 + i * 17, note)),
  );
}
