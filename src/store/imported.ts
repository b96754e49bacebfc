/** Taking in a run that another record wrote: verified first, then inserted whole, with its own times, hashes and journal. */
import type Database from 'better-sqlite3';
import { Refusal } from '../contract/index.ts';
import { insertRun, type Prepare } from './insert.ts';
import type { JournalRow } from './journal.ts';
import type { Packs } from './packs.ts';
import { artifactsOf, toStep } from './rows.ts';
import { type RecordedRun, verifyRecorded } from './verify.ts';

/** @throws Refusal altered, not-ended */
export function checkImport(recorded: RecordedRun): void {
  const { run, steps } = recorded;
  const refuse = (code: string, why: string, instead: string): Refusal =>
    new Refusal({ code, what: `run ${run.run}`, why, instead });
  if (run.state === 'running')
    throw refuse('not-ended', 'it was still running when it was exported', 'export it again after it has ended');
  const [wrong] = verifyRecorded(recorded, { artifacts: null }).problems;
  const foreign = steps.find((step) => step.run !== run.run);
  if (wrong !== undefined || foreign !== undefined)
    throw refuse('altered', wrong?.what ?? 'it has steps of another run', 'get an export that was not changed');
}

/** Inside a transaction: the run is opened, filled and ended as if it had happened here. Returns whether it was packed. */
export function insertImported(prepare: Prepare, packs: Packs, recorded: RecordedRun, at: string): boolean {
  const { run, steps, journal } = recorded;
  insertRun(prepare, { ...run, protocol: JSON.parse(run.protocol) as unknown }, run.opened_at);
  for (const row of steps) {
    prepare(
      'INSERT INTO step (run, seq, act, at, body, content, hash) VALUES (:run, :seq, :act, :at, :body, :content, :hash)',
    ).run(row);
    prepare('UPDATE run SET steps = ?, head = ? WHERE run = ?').run(row.seq, row.hash, run.run);
    for (const { sha256 } of artifactsOf(toStep(row).body))
      prepare('INSERT INTO artifact (run, seq, sha256) VALUES (?, ?, ?)').run(run.run, row.seq, sha256);
    packs.grown(run.run, row.body.length, row.seq);
  }
  const packed = packs.ended(run.run, steps.length);
  prepare('UPDATE run SET state = :state, verdict = :verdict, ended_at = :ended_at, note = :note WHERE run = :run').run(
    run,
  );
  prepare('INSERT INTO imported (run, at, journal, withdrawn) VALUES (?, ?, ?, ?)').run(
    run.run,
    at,
    JSON.stringify(journal.rows),
    run.withdrawn,
  );
  return packed;
}

/** Returns what the journal of its own record said of an imported run, or null for a run that was made here. */
export function importedJournal(db: Database.Database, run: string): JournalRow[] | null {
  const text = db.prepare('SELECT journal FROM imported WHERE run = ?').pluck().get(run) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as JournalRow[]);
}
