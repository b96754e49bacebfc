/** The store: what happened, and how to tell that it was not changed since. Planners, tools and workers know nothing of it. */
import { type OpenOptions, openDatabase } from './database.ts';
import { RunRecord } from './record.ts';

export { checkArtifact, readManifest, readTensor, type Tensor } from './artifacts.ts';
export { limitsOf, type Spent, spentOf } from './budget.ts';
export type { CellRow } from './cells.ts';
export { journalProblems } from './journal.ts';
export type { Label, NewLabel } from './labels.ts';
export type { RunFilter, RunReader, RunSummary } from './reader.ts';
export type { NewRun } from './record.ts';
export { RunRecord } from './record.ts';
export { cellOf, type Resting, restingOn } from './rests.ts';
export { artifactsOf } from './rows.ts';
export type { Problem } from './run-problems.ts';
export { type Found, type Hit, SearchIndex, wordsOf } from './search.ts';
export type { SharedRun } from './shared.ts';
export { fingerprintOf, isSigned, ownFingerprint, signingKey } from './signing.ts';
export { type CarriedTensor, readTrajectory, type Trajectory, tensorText, trajectoryText } from './trajectory.ts';
export { ulid } from './ulid.ts';
export { type Verification, verifyRecorded, verifyRun } from './verify.ts';

/**
 * Opens runs.db, creating and migrating it unless `readOnly`. One process writes a run at a time (`acquire`).
 * @throws Refusal no-record, not-a-database, not-a-record, newer-database, older-database; Fault database-locked, disk-full
 */
export function openRecord(file: string, options: OpenOptions = {}): RunRecord {
  return new RunRecord(openDatabase(file, options), file);
}
