/**
 * Runs, steps, links to artifacts, leases. The triggers are the guard against programs and slips of the hand: nothing recorded
 * can be changed through SQL. Against someone who drops the triggers stands the hash chain, not this file.
 *
 * `INSERT OR REPLACE` deletes without firing DELETE triggers, so the INSERT triggers look for every unique key themselves.
 */
export const m001Record = {
  name: 'm001_record',
  up: `
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL UNIQUE,
  finding TEXT NOT NULL,
  model TEXT NOT NULL,
  planner TEXT NOT NULL,
  seed INTEGER NOT NULL,
  protocol_sha256 TEXT NOT NULL,
  protocol TEXT NOT NULL CHECK (json_valid(protocol)),
  state TEXT NOT NULL CHECK (state IN ('running', 'sealed', 'faulted', 'cancelled')),
  verdict TEXT CHECK ((verdict IS NOT NULL) = (state = 'sealed')),
  opened_at TEXT NOT NULL,
  ended_at TEXT,
  steps INTEGER NOT NULL DEFAULT 0,
  head TEXT,
  note TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE step (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL REFERENCES run (run),
  seq INTEGER NOT NULL,
  act TEXT NOT NULL CHECK (act <> ''),
  kind TEXT NOT NULL AS (body ->> '$.kind') STORED,
  at TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  content TEXT NOT NULL CHECK (length(content) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  UNIQUE (run, seq),
  UNIQUE (run, act)
) STRICT;

CREATE TABLE artifact (
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  PRIMARY KEY (run, seq, sha256),
  FOREIGN KEY (run, seq) REFERENCES step (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_by_hash ON artifact (sha256);

CREATE TABLE lease (
  run TEXT PRIMARY KEY REFERENCES run (run),
  pid INTEGER NOT NULL,
  started TEXT,
  acquired_at TEXT NOT NULL
) STRICT;

CREATE TRIGGER step_never_changes BEFORE UPDATE ON step
BEGIN SELECT RAISE(ABORT, 'a recorded step is never changed'); END;
CREATE TRIGGER step_never_leaves BEFORE DELETE ON step
BEGIN SELECT RAISE(ABORT, 'a recorded step is never deleted'); END;
CREATE TRIGGER step_into_running_run BEFORE INSERT ON step
WHEN (SELECT state FROM run WHERE run = NEW.run) IS NOT 'running'
BEGIN SELECT RAISE(ABORT, 'only a running run takes steps'); END;
CREATE TRIGGER step_comes_last BEFORE INSERT ON step
WHEN NEW.seq IS NOT (SELECT steps + 1 FROM run WHERE run = NEW.run)
  OR EXISTS (SELECT 1 FROM step WHERE run = NEW.run AND (seq = NEW.seq OR act = NEW.act))
  OR EXISTS (SELECT 1 FROM step WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a step is added after the last one, under a new act'); END;

CREATE TRIGGER run_begins_empty BEFORE INSERT ON run
WHEN NEW.state IS NOT 'running' OR NEW.steps <> 0
  OR EXISTS (SELECT 1 FROM run WHERE run = NEW.run OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a run begins running, without steps, under a new id'); END;
CREATE TRIGGER run_never_leaves BEFORE DELETE ON run
BEGIN SELECT RAISE(ABORT, 'a run is never deleted'); END;
CREATE TRIGGER run_sealed_never_changes BEFORE UPDATE ON run WHEN OLD.state = 'sealed'
BEGIN SELECT RAISE(ABORT, 'a sealed run is never changed'); END;
CREATE TRIGGER run_identity_never_changes
BEFORE UPDATE OF id, run, finding, model, planner, seed, protocol_sha256, protocol, opened_at ON run
BEGIN SELECT RAISE(ABORT, 'what a run was opened with is never changed'); END;
CREATE TRIGGER run_never_shrinks BEFORE UPDATE OF steps ON run WHEN NEW.steps < OLD.steps
BEGIN SELECT RAISE(ABORT, 'a run never loses steps'); END;

CREATE TRIGGER artifact_never_changes BEFORE UPDATE ON artifact
BEGIN SELECT RAISE(ABORT, 'a link to an artifact is never changed'); END;
CREATE TRIGGER artifact_never_leaves BEFORE DELETE ON artifact
BEGIN SELECT RAISE(ABORT, 'a link to an artifact is never deleted'); END;
`,
};
