/** Whether a run was sealed as it stands: its entries in the journal, their signatures, and the manifests that they cover. */
import { Fault, type JournalEntry, type StepBody } from '../contract/index.ts';
import { journalProblems, toEntry } from './journal.ts';
import { manifestsHash } from './manifests.ts';
import type { RunRow } from './rows.ts';
import type { ReadStep } from './run-problems.ts';
import { fingerprintOf, ownFingerprint } from './signing.ts';
import type { Journal } from './unproven.ts';

/** Who signed the head of a run. */
export interface Signature {
  /** Fingerprint of the key: sha256 of its public half. */
  readonly key: string;
  readonly at: string;
  /** `asked`: the key that was asked for; `ours`: this machine holds it; `unknown`: nothing here says whose it is. */
  readonly whose: 'asked' | 'ours' | 'unknown';
}

interface Parts {
  readonly run: RunRow;
  readonly steps: readonly ReadStep[];
  readonly journal: Journal;
  readonly artifacts: string | null;
  readonly key: string | undefined;
}

interface Seal {
  readonly problems: string[];
  readonly signature: Signature | null;
  /** Whether the manifests were held against what was signed. */
  readonly manifests: boolean;
}

export function sealOf({ run, steps, journal, artifacts, key }: Parts): Seal {
  const entries = journal.rows.flatMap((row) => toEntry(row) ?? []).filter(({ body }) => body.run === run.run);
  const sealing = entries.find(({ body }) => body.kind === 'sealed');
  const signature = sealing === undefined ? null : signatureOf(sealing, key);
  const sealed = sealing?.body.kind === 'sealed' ? sealing.body.manifests : null;
  const problems = [
    ...journalProblems(journal.rows, journal.whole),
    ...journal.missing.map((name) => `the journal tells of run ${name}, which is gone`),
    ...entries.flatMap((entry) => entryProblems(entry, run)),
    ...withdrawalProblems(entries, run),
    ...(run.state === 'sealed' && sealing === undefined
      ? ['the run is sealed, and the journal does not know of it']
      : []),
    ...(key !== undefined && signature?.whose !== 'asked' ? [otherKey(signature, key)] : []),
    ...(sealed === null || artifacts === null ? [] : manifestProblems(steps, artifacts, sealed)),
  ];
  return { problems, signature, manifests: sealed !== null && artifacts !== null };
}

function signatureOf({ at, key }: JournalEntry, asked: string | undefined): Signature | null {
  if (key === null) return null;
  const print = fingerprintOf(key);
  if (asked !== undefined) return { key: print, at, whose: print.startsWith(asked) ? 'asked' : 'unknown' };
  return { key: print, at, whose: print === ownFingerprint() ? 'ours' : 'unknown' };
}

const otherKey = (signature: Signature | null, asked: string): string =>
  signature === null
    ? `the run is not signed, and should be by key ${asked}`
    : `the run is signed by key ${signature.key.slice(0, 16)}, and should be by ${asked}`;

function entryProblems({ seq, at, body }: JournalEntry, run: RunRow): string[] {
  const say = (what: string): string => `entry ${seq} of the journal: ${what}`;
  if (run.state !== 'sealed') return [say(`it says that the run is ${body.kind}, and the run is ${run.state}`)];
  const wrong = [body.head === run.head ? [] : [say('it names another last step than the run')]];
  if (body.kind === 'sealed') {
    if (body.steps !== run.steps) wrong.push([say(`it says ${body.steps} steps, and the run ${run.steps}`)]);
    if (body.verdict !== run.verdict) wrong.push([say(`it says ${body.verdict}, and the run ${run.verdict}`)]);
    if (at !== run.ended_at) wrong.push([say('the run did not end when it was sealed')]);
  }
  return wrong.flat();
}

function withdrawalProblems(entries: readonly JournalEntry[], run: RunRow): string[] {
  const because = entries.flatMap(({ body }) => (body.kind === 'withdrawn' ? [body.because] : []));
  return run.withdrawn === (because[0] ?? null)
    ? []
    : ['the reason for which the run was withdrawn is not that of the journal'];
}

function manifestProblems(steps: readonly ReadStep[], artifacts: string, sealed: string): string[] {
  try {
    const bodies = steps.flatMap(({ body }) => (body === null ? [] : [{ body: body as StepBody }]));
    return manifestsHash(bodies, artifacts) === sealed ? [] : ['a manifest is not the one that was sealed'];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return []; // told of with the step that names the artifact
  }
}
