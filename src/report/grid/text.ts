/** The grid as Markdown and as CSV: plain text for repositories and for other programs. */
import { safe } from '../escape.ts';
import {
  columnName,
  type Drawn,
  FACT_NAMES,
  factsOf,
  headsOf,
  layoutOf,
  legend,
  nameOf,
  placeMark,
  publishedInWords,
  rowName,
  sourceInWords,
} from './words.ts';

/** Returns two Markdown tables, the places and what stands behind the cells, with the legend between them. */
export function gridMarkdown(grid: Drawn): string {
  const facts = [[...FACT_NAMES], ...grid.cells.map(factsOf)];
  const behind = grid.cells.length === 0 ? '' : `\n${markdownTable(facts).join('\n')}\n`;
  return `${placesMarkdown(grid)}${behind}`;
}

/** Returns the first of them with the legend. */
export function placesMarkdown(grid: Drawn): string {
  const { columns, rows, at } = layoutOf(grid);
  const places = [
    ['', ...headsOf(columns)],
    ...rows.map((row) => [rowName(row), ...columns.map((column) => placeMark(at(row, column)))]),
  ];
  const notes = [...legend(grid), ...(columns.length === 0 ? [] : [columns.map(columnName).join(', ')])];
  const lines = [...markdownTable(places), '', ...notes.map((line) => `- ${markdownText(line)}`)];
  return `${lines.join('\n')}\n`;
}

function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)];
}

/** Characters that would be markup of Markdown or HTML are written as entities or escaped. */
const markdownText = (text: string): string =>
  safe(text, 'line')
    .replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign)
    .replace(/[\\`*_[\]|]/g, (sign) => `\\${sign}`);

const COLUMNS = [
  'behaviour',
  'finding',
  'model',
  'organism',
  'origin',
  'verdict',
  'runs',
  'agreeing',
  'conclusive',
  'reproduced',
  'reproduced_low',
  'reproduced_high',
  'claim_pairs',
  'claim_agreement',
  'claim_agreement_by_chance',
  'controls',
  'controls_passing',
  'protocol_sha256',
  'stale',
  'withdrawn',
  'figures',
  'source',
] as const;

/** Returns one row for each cell, measured or published; what was not measured is empty. */
export function gridCsv({ cells, published }: Drawn): string {
  const measured = cells.map((cell) => {
    const controls = cell.nulls.reduce((sum, { of }) => sum + of, 0);
    const values: Partial<Record<(typeof COLUMNS)[number], string | number | boolean | null>> = {
      behaviour: cell.behaviour,
      finding: cell.finding,
      model: cell.model,
      organism: cell.organism,
      origin: cell.signed_by === null ? 'measured' : `measured, signed by ${cell.signed_by}`,
      verdict: cell.verdict,
      runs: cell.runs,
      agreeing: cell.agreeing,
      conclusive: cell.share.of,
      reproduced: cell.share.of === 0 ? null : cell.share.reproduced,
      reproduced_low: cell.share.of === 0 ? null : cell.share.low,
      reproduced_high: cell.share.of === 0 ? null : cell.share.high,
      claim_pairs: cell.agreement?.pairs ?? null,
      claim_agreement: cell.agreement?.share ?? null,
      claim_agreement_by_chance: cell.agreement?.by_chance ?? null,
      controls: controls === 0 ? null : controls,
      controls_passing: controls === 0 ? null : cell.nulls.reduce((sum, { passing }) => sum + passing, 0),
      protocol_sha256: cell.protocol,
      stale: cell.stale.join('; '),
      withdrawn: cell.withdrawn.map(({ run, because }) => `${run}: ${because}`).join('; '),
    };
    return COLUMNS.map((name) => values[name] ?? null);
  });
  const others = published.map((cell) => {
    const values: Partial<Record<(typeof COLUMNS)[number], string | null>> = {
      behaviour: cell.behaviour,
      finding: cell.finding,
      model: nameOf(cell),
      origin: 'published',
      figures: publishedInWords(cell),
      source: sourceInWords(cell),
    };
    return COLUMNS.map((name) => values[name] ?? null);
  });
  return [[...COLUMNS], ...measured, ...others].map((row) => `${row.map(csvCell).join(',')}\n`).join('');
}

/** A spreadsheet runs what begins like a formula, so such text begins with an apostrophe. */
function csvCell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = safe(value, 'line').replace(/^(?=[=+\-@])/, "'");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
