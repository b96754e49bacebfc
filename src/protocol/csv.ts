/**
 * Reads and writes word lists: CSV as RFC 4180 has it, in a strict reading. A short row, a stray quote or an empty cell is
 * refused with its line, since a word list with a hole would become prompts with a hole.
 */
import { Refusal } from '../contract/index.ts';

export interface Table {
  readonly columns: readonly string[];
  /** Each row has one cell for each column; no cell is empty or has white space at its ends. */
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** A quoted field, or a run of plain characters; then what ends it. `y`: nothing may be skipped between two fields. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** Returns header and rows. @throws Refusal naming `file` and the line. */
export function readCsv(text: string, file: string): Table {
  const [columns, ...rows] = parseRecords(text.replace(/^\uFEFF/, ''), file);
  if (columns === undefined || rows.length === 0) throw bad(file, 1, 'it needs a header and at least one row');
  const repeated = columns.cells.find((cell, index) => columns.cells.indexOf(cell) !== index);
  if (repeated !== undefined) throw bad(file, 1, `column "${repeated}" stands twice in the header`);
  for (const { cells, line } of rows) {
    if (cells.length !== columns.cells.length) {
      throw bad(file, line, `${cells.length} cells where the header has ${columns.cells.length}`);
    }
    const hole = cells.find((cell) => cell === '' || cell !== cell.trim());
    if (hole !== undefined) throw bad(file, line, 'a cell is empty or has white space at its ends');
  }
  return { columns: columns.cells, rows: rows.map(({ cells }) => cells) };
}

/** Returns the text of a table; cells with comma, quote or line end are quoted. */
export function writeCsv({ columns, rows }: Table): string {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');
}

interface RecordLine {
  readonly cells: string[];
  readonly line: number;
}

function parseRecords(text: string, file: string): RecordLine[] {
  const records: RecordLine[] = [];
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < text.length || cells.length > 0) {
    const match = FIELD.exec(text);
    if (match === null) throw bad(file, line, 'a quote is not closed or stands inside a plain cell');
    const [whole, quoted, plain, end] = match as unknown as [string, string | undefined, string | undefined, string];
    cells.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    records.push({ cells, line: start });
    cells = [];
    start = line;
  }
  return records;
}

function bad(file: string, line: number, why: string): Refusal {
  return new Refusal({
    code: 'bad-word-list',
    what: `line ${line} of the word list ${file} cannot be read`,
    why,
    instead: 'write one header and rows of equal length, with quotes around cells that hold a comma',
  });
}
