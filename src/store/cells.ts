/** Rows of the grid, read from the view `cell`. What a finding's behaviour is, and which models are organisms, is not the record's to know. */
import type Database from 'better-sqlite3';
import type { Cell } from '../contract/index.ts';

/** A cell as far as the record knows it. */
export type CellRow = Omit<Cell, 'behaviour' | 'organism'>;

export function readCells(db: Database.Database): CellRow[] {
  const rows = db
    .prepare('SELECT finding, model, verdict, runs, agreeing, verdicts, latest, withdrawn FROM cell')
    .all();
  return (rows as (Omit<CellRow, 'verdicts' | 'withdrawn'> & { verdicts: string; withdrawn: string })[]).map((row) => ({
    ...row,
    verdicts: JSON.parse(row.verdicts) as CellRow['verdicts'],
    withdrawn: JSON.parse(row.withdrawn) as CellRow['withdrawn'],
  }));
}
