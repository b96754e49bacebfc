/**
 * What the grid shows beside runs that were made here: figures that others published, and evidence of runs that another record
 * signed. Both are appended and never changed; of two rows with one key the later is meant.
 */
export const m007Grid = {
  name: 'm007_grid',
  up: `
CREATE TABLE published_cell (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  key TEXT NOT NULL CHECK (key <> ''),
  body TEXT NOT NULL CHECK (json_valid(body)),
  sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64)
) STRICT;

CREATE TABLE shared_run (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  run TEXT NOT NULL,
  bundle TEXT NOT NULL CHECK (length(bundle) = 64),
  signer TEXT NOT NULL CHECK (length(signer) = 64),
  body TEXT NOT NULL CHECK (json_valid(body)),
  sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64)
) STRICT;

CREATE TRIGGER published_cell_comes_last BEFORE INSERT ON published_cell
WHEN EXISTS (SELECT 1 FROM published_cell WHERE sha256 = NEW.sha256 OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a published cell is appended, once'); END;
CREATE TRIGGER published_cell_never_changes BEFORE UPDATE ON published_cell
BEGIN SELECT RAISE(ABORT, 'a published cell is never changed'); END;
CREATE TRIGGER published_cell_never_leaves BEFORE DELETE ON published_cell
BEGIN SELECT RAISE(ABORT, 'a published cell is never deleted'); END;
CREATE TRIGGER shared_run_comes_last BEFORE INSERT ON shared_run
WHEN EXISTS (SELECT 1 FROM shared_run WHERE sha256 = NEW.sha256 OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a shared run is appended, once'); END;
CREATE TRIGGER shared_run_never_changes BEFORE UPDATE ON shared_run
BEGIN SELECT RAISE(ABORT, 'a shared run is never changed'); END;
CREATE TRIGGER shared_run_never_leaves BEFORE DELETE ON shared_run
BEGIN SELECT RAISE(ABORT, 'a shared run is never deleted'); END;
`,
};
