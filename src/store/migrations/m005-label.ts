/** Labels: what reviewers say of runs, appended. A reviewer who thinks again appends again; the earlier word stays. */
export const m005Label = {
  name: 'm005_label',
  up: `
CREATE TABLE label (
  id INTEGER PRIMARY KEY,
  run TEXT NOT NULL REFERENCES run (run),
  label TEXT NOT NULL CHECK (label <> ''),
  value TEXT NOT NULL CHECK (value IN ('present', 'absent', 'unsure')),
  reviewer TEXT NOT NULL CHECK (reviewer <> ''),
  cites TEXT NOT NULL CHECK (json_type(cites) = 'array'),
  note TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX label_by_run ON label (run);
CREATE TRIGGER label_comes_last BEFORE INSERT ON label WHEN EXISTS (SELECT 1 FROM label WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a label is appended'); END;
CREATE TRIGGER label_never_changes BEFORE UPDATE ON label
BEGIN SELECT RAISE(ABORT, 'a label is never changed'); END;
CREATE TRIGGER label_never_leaves BEFORE DELETE ON label
BEGIN SELECT RAISE(ABORT, 'a label is never deleted'); END;
`,
};
