/**
 * Runs of other records: what their own journal said of them, word for word, so that a signature can still be checked. The grid
 * is of runs that were made here: an imported one is shown, reviewed and replayed, and counts in no cell.
 */
import type Database from 'better-sqlite3';

const schema = `
CREATE TABLE imported (
  run TEXT PRIMARY KEY REFERENCES run (run),
  at TEXT NOT NULL,
  journal TEXT NOT NULL CHECK (json_type(journal) = 'array'),
  withdrawn TEXT
) STRICT;
CREATE TRIGGER imported_comes_last BEFORE INSERT ON imported WHEN EXISTS (SELECT 1 FROM imported WHERE run = NEW.run)
BEGIN SELECT RAISE(ABORT, 'a run is imported once'); END;
CREATE TRIGGER imported_never_changes BEFORE UPDATE ON imported
BEGIN SELECT RAISE(ABORT, 'what came with a run is never changed'); END;
CREATE TRIGGER imported_never_leaves BEFORE DELETE ON imported
BEGIN SELECT RAISE(ABORT, 'what came with a run is never deleted'); END;
`;

/** Of the view as the journal's migration wrote it. */
const COUNTED = "run.state = 'sealed' AND run.origin IS NULL";

function up(db: Database.Database): void {
  db.exec(schema);
  const view = db
    .prepare("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = 'cell'")
    .pluck()
    .get() as string;
  if (!view.includes(COUNTED)) throw new Error('the view of cells is not the one that this migration changes');
  const made_here = `${COUNTED} AND run.run NOT IN (SELECT run FROM imported)`;
  db.exec(`DROP VIEW cell; ${view.replace(COUNTED, made_here)}`);
}

export const m006Imported = { name: 'm006_imported', up };
