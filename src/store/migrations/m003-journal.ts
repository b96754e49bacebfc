/**
 * The journal of sealed and withdrawn runs, forks, and a grid that knows of both. Runs sealed before it get an entry without a
 * signature: nobody can say any more what they were when they were sealed.
 */
import type Database from 'better-sqlite3';
import type { VerdictName } from '../../contract/index.ts';
import { addEntry } from '../journal.ts';

const schema = `
ALTER TABLE run ADD COLUMN origin TEXT;
CREATE TRIGGER run_origin_never_changes BEFORE UPDATE OF origin ON run
BEGIN SELECT RAISE(ABORT, 'what a run was opened with is never changed'); END;

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  kind TEXT NOT NULL AS (body ->> '$.kind') STORED,
  run TEXT NOT NULL AS (body ->> '$.run') STORED,
  previous TEXT,
  key TEXT,
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  signature TEXT CHECK ((signature IS NULL) = (key IS NULL)),
  UNIQUE (run, kind)
) STRICT;
CREATE TRIGGER journal_never_changes BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never changed'); END;
CREATE TRIGGER journal_never_leaves BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'an entry of the journal is never deleted'); END;
CREATE TRIGGER journal_comes_last BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM journal)
  OR EXISTS (SELECT 1 FROM journal WHERE run = NEW.body ->> '$.run' AND kind = NEW.body ->> '$.kind')
BEGIN SELECT RAISE(ABORT, 'an entry is added after the last one, and once'); END;
CREATE TRIGGER journal_of_sealed_runs BEFORE INSERT ON journal
WHEN (SELECT state FROM run WHERE run = NEW.body ->> '$.run') IS NOT 'sealed'
BEGIN SELECT RAISE(ABORT, 'the journal tells of sealed runs'); END;

DROP VIEW cell;
CREATE VIEW cell AS
WITH measured AS (
  SELECT run.finding, run.model, run.verdict, run.run, run.ended_at || ' ' || run.run AS last,
    journal.body ->> '$.because' AS because
  FROM run LEFT JOIN journal ON journal.run = run.run AND journal.kind = 'withdrawn'
  WHERE run.state = 'sealed' AND run.origin IS NULL
), counted AS (
  SELECT finding, model, verdict, count(*) AS agreeing, max(last) AS last
  FROM measured WHERE because IS NULL GROUP BY finding, model, verdict
), ranked AS (
  SELECT *,
    row_number() OVER (PARTITION BY finding, model ORDER BY agreeing DESC, last DESC) AS place,
    sum(agreeing) OVER (PARTITION BY finding, model) AS runs,
    max(last) OVER (PARTITION BY finding, model) AS newest,
    json_group_object(verdict, agreeing) OVER (PARTITION BY finding, model) AS verdicts
  FROM counted
), gone AS (
  SELECT finding, model, max(last) AS last,
    json_group_array(json_object('run', run, 'because', because)) AS withdrawn
  FROM measured WHERE because IS NOT NULL GROUP BY finding, model
)
SELECT finding, model, verdict, runs, agreeing, verdicts, substr(newest, instr(newest, ' ') + 1) AS latest,
  coalesce(withdrawn, '[]') AS withdrawn
FROM ranked LEFT JOIN gone USING (finding, model) WHERE place = 1
UNION ALL
SELECT finding, model, NULL, 0, 0, '{}', substr(last, instr(last, ' ') + 1), withdrawn
FROM gone WHERE NOT EXISTS (SELECT 1 FROM counted WHERE counted.finding = gone.finding AND counted.model = gone.model)
ORDER BY finding, model;
`;

interface Sealed {
  readonly run: string;
  readonly head: string;
  readonly steps: number;
  readonly verdict: VerdictName;
  readonly ended_at: string;
}

function up(db: Database.Database): void {
  db.exec(schema);
  const sealed = "SELECT run, head, steps, verdict, ended_at FROM run WHERE state = 'sealed' ORDER BY ended_at, id";
  for (const { ended_at, ...run } of db.prepare(sealed).all() as Sealed[])
    addEntry(db, { kind: 'sealed', ...run, manifests: null }, ended_at, null);
}

export const m003Journal = { name: 'm003_journal', up };
