/** The grid on a terminal: the places, then a line for each cell with what its seeds say together, then what was published. */
import { safe } from '../escape.ts';
import type { Paint } from '../terminal/paint.ts';
import { padEnd, table, widthOf } from '../terminal/table.ts';
import {
  columnName,
  type Drawn,
  FACTS,
  factsOf,
  layoutOf,
  legend,
  placeMark,
  publishedFacts,
  rowName,
  toneOfPlace,
} from './words.ts';

const word = (text: string): string => safe(text, 'line');

/** Contract: pure; every word of the grid shows without colours too. */
export function gridLines(grid: Drawn, paint: Paint): string[] {
  return [...places(grid, paint), '', ...legend(grid).map(paint.dim), ...withdrawals(grid).map(paint.dim)];
}

/** Columns have numbers, since their names would be wider than any terminal. */
function places(grid: Drawn, paint: Paint): string[] {
  const { columns, rows, at } = layoutOf(grid);
  const head = ['', ...columns.map((_, index) => String(index + 1))];
  const body = rows.map((row) => [
    word(rowName(row)),
    ...columns.map((column) => {
      const place = at(row, column);
      const text = word(placeMark(place));
      return place.cell === null ? text : paint.tone(toneOfPlace(place), text);
    }),
  ]);
  const widths = head.map((name, i) => Math.max(widthOf(name), ...body.map((row) => widthOf(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => padEnd(text, widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const names = columns.map((column, index) => `${String(index + 1).padStart(2)}  ${word(columnName(column))}`);
  return [paint.dim(line(head)), ...body.map(line), ...(names.length === 0 ? [] : ['', ...names])];
}

/** Returns what stands behind each cell, one line each, and behind each published one. */
export function behindLines({ cells, published }: Drawn, paint: Paint): string[] {
  const facts = cells.map((cell) => factsOf(cell).map(word));
  const inner = published.filter(isInner);
  const sources = published.filter((cell) => !isInner(cell)).map((cell) => publishedFacts(cell).map(word));
  return [
    ...(facts.length === 0 ? [] : table(FACTS, facts, paint)),
    ...(facts.length === 0 || sources.length === 0 ? [] : ['']),
    ...(sources.length === 0 ? [] : table(['published', 'model', 'figures', 'source'], sources, paint)),
    ...(inner.length === 0 ? [] : [paint.dim(`and ${inner.length} published matrices into value inputs; see --json`)]),
  ];
}

/** A part of a published circuit: which heads feed one of its heads. */
const isInner = ({ figures }: Drawn['published'][number]): boolean =>
  figures.kind === 'sender-matrix' && figures.receiver !== 'logits';

/** Every withdrawn run of the grid with its reason: a verdict that is gone says why. */
function withdrawals({ cells }: Drawn): string[] {
  return cells.flatMap(({ finding, model, withdrawn }) =>
    withdrawn.map(({ run, because }) => `withdrawn: run ${run}, ${finding} on ${model}: ${word(because)}`),
  );
}
