/**
 * Verification of a recorded run: steps, chain, row, journal, signature, and every tensor file. It needs no network and works on a
 * copy. It says what it found wrong, and what nothing that it read can prove; runs/README.md says why.
 */
import { type ArtifactRef, canonicalJson, Fault, type StepBody } from '../contract/index.ts';
import { checkArtifact, readManifest } from './artifacts.ts';
import { forkProblems } from './fork.ts';
import type { JournalRow } from './journal.ts';
import type { RunReader } from './reader.ts';
import { unknownRun } from './refusals.ts';
import { artifactsOf, type RunRow, type StepRow } from './rows.ts';
import { type Problem, type ReadStep, readSteps, runProblems, stepProblems } from './run-problems.ts';
import { type Signature, sealOf } from './seal.ts';
import { type Journal, unproven } from './unproven.ts';

/** Everything that is stored of one run, unparsed. */
export interface RecordedRun {
  readonly run: RunRow;
  readonly steps: readonly StepRow[];
  readonly journal: Journal;
  /** What SQLite finds wrong with the file. */
  readonly damage: readonly string[];
  /** The steps of the run that it was forked from, where they are in the same copy. */
  readonly origin: readonly StepRow[] | null;
}

export interface VerifyOptions {
  /** Folder of artifacts; null where the copy has none. */
  readonly artifacts: string | null;
  /** Fingerprint of the key that must have signed, or its beginning. */
  readonly key?: string | undefined;
}

export interface Verification {
  readonly ok: boolean;
  readonly problems: Problem[];
  /** Steps read. */
  readonly steps: number;
  /** Artifacts read. */
  readonly artifacts: number;
  /** Who signed the head and when; null where nobody did. */
  readonly signature: Signature | null;
  /** Where the journal of all runs stands; null where the copy has only the entries of this one. */
  readonly journal: { readonly entries: number; readonly head: string | null } | null;
  /** What this cannot prove, a sentence each. */
  readonly unproven: string[];
}

/** Codes of faults that say that what is stored cannot be read. */
const DAMAGE: readonly string[] = ['database-damaged', 'record-damaged'];

/** Verifies one run. Contract: what is wrong with a record is reported, not thrown. @throws Refusal unknown-run */
export function verifyRun(record: RunReader, run: string, options: VerifyOptions): Verification {
  try {
    return verifyRecorded(recordedRun(record, run), options);
  } catch (error) {
    if (!(error instanceof Fault) || !DAMAGE.includes(error.failure.code)) throw error;
    const problems = [{ step: null, what: error.message }];
    return { ok: false, problems, steps: 0, artifacts: 0, signature: null, journal: null, unproven: [] };
  }
}

function recordedRun(record: RunReader, run: string): RecordedRun {
  const found = record.runRow(run);
  if (found === undefined) throw unknownRun(run);
  const foreign = record.importedJournal(run);
  const rows = foreign ?? record.journalRows();
  const missing = foreign === null ? rows.flatMap((row) => missingRun(row, record)) : [];
  const origin = found.origin !== null && record.runRow(found.origin) ? record.stepRows(found.origin) : null;
  return {
    run: found,
    steps: record.stepRows(run),
    journal: { rows, missing, whole: foreign === null },
    damage: record.damage(),
    origin,
  };
}

function missingRun({ body }: JournalRow, record: RunReader): string[] {
  const named = /"run":"(\w+)"/.exec(body)?.[1];
  return named !== undefined && record.runRow(named) === undefined ? [named] : [];
}

/** As `verifyRun`, of a run that lies wherever it lies. */
export function verifyRecorded(recorded: RecordedRun, { artifacts, key }: VerifyOptions): Verification {
  const { run, journal, damage, origin } = recorded;
  const steps = readSteps(recorded.steps);
  const refs = steps.flatMap(({ row, body }) => refsOf(body).map((ref) => ({ step: row.seq, ref })));
  const seal = sealOf({ run, steps, journal, artifacts, key });
  const problems = [
    ...damage.map((line) => ({ step: null, what: `the database file is damaged: ${line}` })),
    ...steps.flatMap((step, index) => stepProblems(step, steps[index - 1]?.row ?? null)),
    ...runProblems(run, steps),
    ...forkProblems(steps, origin).map((what) => ({ step: null, what })),
    ...(artifacts === null ? [] : refs.flatMap(({ step, ref }) => artifactProblems(step, ref, artifacts))),
    ...seal.problems.map((what) => ({ step: null, what })),
  ];
  const count = new Set(refs.map(({ ref }) => ref.sha256)).size;
  const read = artifacts === null ? 0 : count;
  return {
    ok: problems.length === 0,
    problems,
    steps: steps.length,
    artifacts: read,
    signature: seal.signature,
    journal: journal.whole ? { entries: journal.rows.length, head: journal.rows.at(-1)?.hash ?? null } : null,
    unproven: unproven({
      run,
      journal,
      signature: seal.signature,
      manifests: seal.manifests,
      unread: count - read,
      origin,
    }),
  };
}

/** A changed body may hold anything where a list is expected. */
function refsOf(body: ReadStep['body']): ArtifactRef[] {
  return body === null || typeof body !== 'object' ? [] : artifactsOf(body as StepBody);
}

function artifactProblems(step: number, ref: ArtifactRef, dir: string): Problem[] {
  const wrong =
    checkArtifact(dir, ref.sha256) ??
    (sameRef(ref, dir) ? null : `artifact ${ref.sha256.slice(0, 12)} is described otherwise in its manifest`);
  return wrong === null ? [] : [{ step, what: `step ${step}: ${wrong}` }];
}

const sameRef = (ref: ArtifactRef, dir: string): boolean =>
  canonicalJson(readManifest(dir, ref.sha256).ref) === canonicalJson(ref);
