/**
 * The schema of runs.db as numbered migrations. A migration that has been released is never edited; a change is a new one at the
 * end, and for each a database written before it is kept among the tests.
 */
import type Database from 'better-sqlite3';
import { m001Record } from './migrations/m001-record.ts';
import { m002Cells } from './migrations/m002-cells.ts';
import { m003Journal } from './migrations/m003-journal.ts';
import { m004Pack } from './migrations/m004-pack.ts';
import { m005Label } from './migrations/m005-label.ts';
import { m006Imported } from './migrations/m006-imported.ts';
import { m007Grid } from './migrations/m007-grid.ts';

export interface Migration {
  readonly name: string;
  /** SQL, or what else must be done inside the transaction. */
  readonly up: string | ((db: Database.Database) => void);
}

/** In order; the number of a migration is its place, from 1, and becomes `user_version`. */
export const migrations: readonly Migration[] = [
  m001Record,
  m002Cells,
  m003Journal,
  m004Pack,
  m005Label,
  m006Imported,
  m007Grid,
];
