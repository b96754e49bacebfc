/**
 * Packs: the older steps of a long run, compressed. A pack takes the place of steps in the transaction that removes them, so that
 * each step stands in exactly one of the two tables; nothing else may remove one. Links to artifacts outlive the rows of their steps.
 */
export const m004Pack = {
  name: 'm004_pack',
  up: `
CREATE TABLE pack (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL REFERENCES run (run),
  first INTEGER NOT NULL,
  last INTEGER NOT NULL CHECK (last >= first),
  previous TEXT CHECK (length(previous) = 64),
  steps BLOB NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  UNIQUE (run, first)
) STRICT;

CREATE TABLE artifact_link (
  run TEXT NOT NULL REFERENCES run (run),
  seq INTEGER NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  PRIMARY KEY (run, seq, sha256)
) STRICT, WITHOUT ROWID;
INSERT INTO artifact_link SELECT run, seq, sha256 FROM artifact;
DROP TABLE artifact;
ALTER TABLE artifact_link RENAME TO artifact;
CREATE INDEX artifact_by_hash ON artifact (sha256);
CREATE TRIGGER artifact_never_changes BEFORE UPDATE ON artifact
BEGIN SELECT RAISE(ABORT, 'a link to an artifact is never changed'); END;
CREATE TRIGGER artifact_never_leaves BEFORE DELETE ON artifact
BEGIN SELECT RAISE(ABORT, 'a link to an artifact is never deleted'); END;

DROP TRIGGER step_never_leaves;
CREATE TRIGGER step_leaves_into_a_pack BEFORE DELETE ON step
WHEN NOT EXISTS (SELECT 1 FROM pack WHERE run = OLD.run AND OLD.seq BETWEEN first AND last)
BEGIN SELECT RAISE(ABORT, 'a recorded step is never deleted'); END;

CREATE TRIGGER pack_takes_the_place_of_steps BEFORE INSERT ON pack
WHEN NEW.first IS NOT (SELECT coalesce(max(last), 0) + 1 FROM pack WHERE run = NEW.run)
  OR NEW.last - NEW.first + 1 IS NOT (SELECT count(*) FROM step WHERE run = NEW.run AND seq BETWEEN NEW.first AND NEW.last)
  OR EXISTS (SELECT 1 FROM pack WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a pack takes the place of steps that are there, in order'); END;
CREATE TRIGGER pack_never_changes BEFORE UPDATE ON pack
BEGIN SELECT RAISE(ABORT, 'a pack is never changed'); END;
CREATE TRIGGER pack_never_leaves BEFORE DELETE ON pack
BEGIN SELECT RAISE(ABORT, 'a pack is never deleted'); END;
`,
};
