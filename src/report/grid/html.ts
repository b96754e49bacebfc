/** The grid as one HTML file: no script, no request, readable in light, dark and print. Every text in it is escaped. */
import { page } from '../html/page.ts';
import { headRow, section } from '../html/parts.ts';
import { el, type Markup } from '../svg/element.ts';
import {
  columnName,
  type Drawn,
  FACT_NAMES,
  factsOf,
  headsOf,
  layoutOf,
  legend,
  placeInWords,
  placeMark,
  publishedFacts,
  rowName,
  toneOfPlace,
} from './words.ts';

/** Heads of columns are long, and heads of rows stand on the line of their fields. */
const STYLE = `
.places th{white-space:normal}.places th,.places td{padding-right:8px}main{max-width:1160px}.places tbody th{padding:9px 14px 9px 0;vertical-align:top;color:var(--ink);white-space:nowrap}`;

/** Returns the whole page. Contract: pure; the same grid gives the same bytes. */
export function gridHtml(grid: Drawn): string {
  const main = el(
    'main',
    {},
    el('header', {}, el('p', { class: 'eyebrow' }, 'recircuit'), el('h1', {}, 'Behaviour × circuit × model')),
    places(grid),
    [...legend(grid), layoutOf(grid).columns.map(columnName).join(', ')].map((line) =>
      el('p', { class: 'soft small' }, line),
    ),
    cells(grid),
    withdrawals(grid),
    published(grid),
  );
  return page('The grid', main, STYLE);
}

function scrolled(...table: Markup[]): Markup {
  return el('div', { class: 'scroll', tabindex: 0 }, ...table);
}

function places(grid: Drawn): Markup {
  const { columns, rows, at } = layoutOf(grid);
  const body = rows.map((row) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, rowName(row)),
      columns.map((column) => {
        const place = at(row, column);
        const [mark, words] = [placeMark(place), placeInWords(place)];
        const said = { class: `word t-${toneOfPlace(place)}`, title: words, 'aria-label': words, role: 'img' };
        return el('td', {}, words === null ? mark : el('span', said, mark));
      }),
    ),
  );
  return scrolled(el('table', { class: 'places' }, headRow(['model', ...headsOf(columns)]), el('tbody', {}, body)));
}

function rowsOf(rows: readonly (readonly string[])[]): Markup {
  return el(
    'tbody',
    {},
    rows.map((row) =>
      el(
        'tr',
        {},
        row.map((text) => el('td', {}, text)),
      ),
    ),
  );
}

function cells(grid: Drawn): Markup | null {
  if (grid.cells.length === 0) return null;
  const explained = `Reproduced: runs, and the 95 % interval of their share. Claims agree: shared heads between runs, of the smaller claim. Controls
    that pass: random sets that the same criterion would have accepted in place of the claim, held against the other sets.`;
  return section(
    'Behind the cells',
    el('p', { class: 'soft small' }, explained.replaceAll(/\s+/g, ' ')),
    scrolled(el('table', {}, headRow(FACT_NAMES), rowsOf(grid.cells.map(factsOf)))),
  );
}

function withdrawals(grid: Drawn): Markup | null {
  const rows = grid.cells.flatMap(({ finding, model, withdrawn }) =>
    withdrawn.map(({ run, because }) => [run, `${finding} on ${model}`, because]),
  );
  if (rows.length === 0) return null;
  return section('Withdrawn', scrolled(el('table', {}, headRow(['run', 'cell', 'because']), rowsOf(rows))));
}

function published(grid: Drawn): Markup | null {
  if (grid.published.length === 0) return null;
  const rows = grid.published.map(publishedFacts);
  return section(
    'Published by others',
    scrolled(el('table', {}, headRow(['of', 'model', 'figures', 'source']), rowsOf(rows))),
  );
}
