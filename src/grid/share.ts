/** Publishing a record's grid and taking in that of another: what goes out, what is trusted, and where the two differ. */
import { type PooledCell, Refusal, type RunEvidence } from '../contract/index.ts';
import { ownFingerprint, type RunRecord, signingKey } from '../store/index.ts';
import { type Bundle, readBundle, writeBundle } from './bundle.ts';
import { sealingOf } from './bundle-problems.ts';
import { evidenceIn } from './evidence.ts';
import { pool } from './pool.ts';
import { present } from './present.ts';
import { publishedCells } from './published.ts';

export interface Published extends Bundle {
  /** Runs that this machine's key did not seal: nobody could check whose they are. */
  readonly left_out: readonly string[];
}

/** Writes every run that was made here, withdrawn ones with their reasons. @throws Refusal as `writeBundle`, and nothing-to-publish */
export function publishGrid(record: RunRecord, folder: string): Published {
  const { key } = signingKey();
  const all = evidenceIn(record);
  const signed = all.filter((run) => run.journal.length > 0 && run.journal.every((entry) => entry.key === key));
  const cells = pool(
    signed.map((evidence) => ({ evidence, signed_by: null })),
    publishedCells([]),
    present(),
  );
  if (signed.length === 0)
    throw new Refusal({
      code: 'nothing-to-publish',
      what: `the bundle ${folder}`,
      why: 'this record holds no sealed run of its own that the key of this machine signed',
      instead: 'run something first, or name another home folder; nothing was written',
    });
  const left_out = all.filter((run) => !signed.includes(run)).map(({ run }) => run);
  return { ...writeBundle(folder, signed, cells), left_out };
}

/** A place where this record and the bundle say different things. */
export interface Conflict {
  readonly finding: string;
  readonly model: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Imported extends Bundle {
  readonly added: number;
  readonly conflicts: readonly Conflict[];
}

/**
 * Verifies a bundle, then takes in its runs, all or none.
 * @param key beginning of the fingerprint that it must have, trusted from now on
 * @throws Refusal as `readBundle`, and run-differs
 */
export function importGrid(record: RunRecord, folder: string, key: string | undefined): Imported {
  const known = new Set([ownFingerprint(), ...record.shared().map(({ signer }) => signer)]);
  const bundle = readBundle(folder, (print) => {
    if (key !== undefined) return print.startsWith(key) ? null : 'and not by the one that was named';
    return known.has(print) ? null : 'which nothing here knows';
  });
  for (const run of bundle.runs) refuseOther(record, run);
  const added = record.addShared(
    bundle.runs.map((evidence) => ({ evidence, bundle: bundle.sha256, signer: bundle.signer })),
  );
  return { ...bundle, added, conflicts: conflictsIn(record, bundle) };
}

/** A run of ours comes back as it went out. */
function refuseOther(record: RunRecord, evidence: RunEvidence): void {
  const own = record.run(evidence.run);
  const head = sealingOf(evidence)?.body.head;
  if (own === undefined || own.head === head) return;
  throw new Refusal({
    code: 'run-differs',
    what: `run ${evidence.run}`,
    why: 'the record holds another run of that id',
    instead: 'ask the author of the bundle which of them is meant',
  });
}

function conflictsIn(record: RunRecord, { runs, signer }: Bundle): Conflict[] {
  const now = present();
  const ours = pool(
    evidenceIn(record).map((evidence) => ({ evidence, signed_by: null })),
    [],
    now,
  );
  const theirs = pool(
    runs.map((evidence) => ({ evidence, signed_by: signer })),
    [],
    now,
  );
  return theirs.flatMap((cell) => {
    const own = ours.find(({ finding, model }) => finding === cell.finding && model === cell.model);
    if (own === undefined || own.verdict === cell.verdict) return [];
    return [{ finding: cell.finding, model: cell.model, ours: words(own), theirs: words(cell) }];
  });
}

const words = ({ verdict, agreeing, runs }: PooledCell): string =>
  verdict === null ? 'withdrawn' : `${verdict} ${agreeing}/${runs}`;

/** Returns the grid of a bundle by itself, whoever signed it, as long as it is whole: for looking, not for merging. */
export function gridOfBundle(folder: string): { cells: PooledCell[]; published: ReturnType<typeof publishedCells> } {
  const { runs } = readBundle(folder, () => null);
  const published = publishedCells([]);
  return {
    cells: pool(
      runs.map((evidence) => ({ evidence, signed_by: null })),
      published,
      present(),
    ),
    published,
  };
}
