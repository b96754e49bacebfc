/** What verification cannot prove of the copy before it, in words: a reader must not take silence for proof. */
import type { JournalRow } from './journal.ts';
import type { RunRow, StepRow } from './rows.ts';
import type { Signature } from './seal.ts';

/** The journal of a copy. */
export interface Journal {
  readonly rows: readonly JournalRow[];
  /** Runs that it tells of and that are not there. */
  readonly missing: readonly string[];
  /** False where only the entries of one run are there. */
  readonly whole: boolean;
}

interface Seen {
  readonly run: RunRow;
  readonly journal: Journal;
  readonly signature: Signature | null;
  readonly manifests: boolean;
  /** Artifacts that are named and were not read. */
  readonly unread: number;
  readonly origin: readonly StepRow[] | null;
}

export function unproven({ run, journal, signature, manifests, unread, origin }: Seen): string[] {
  return [
    rewriting(run, signature),
    ...(unread === 0 ? [] : [`what is in the ${unread} tensors that its steps name: they are not in this copy`]),
    ...(run.state !== 'sealed' || manifests
      ? []
      : ['that the versions in the manifests are those of when it was sealed']),
    ...(journal.whole
      ? ['that no run or withdrawal was cut off at the end of the journal, unless its head is known from elsewhere']
      : ['that it was not withdrawn later: a copy of one run has no journal of all']),
    ...(run.origin !== null && origin === null
      ? [`that it shares the steps of run ${run.origin}: that run is not in this copy`]
      : []),
    'that the clock was right, and that what was recorded is true: this is about later changes only',
  ];
}

function rewriting({ state }: RunRow, signature: Signature | null): string {
  if (state !== 'sealed')
    return `that no steps are missing at its end: it is ${state}, and only sealed runs are signed`;
  if (signature === null) return 'that nobody rewrote it whole: it was sealed before there were signatures';
  const key = `key ${signature.key.slice(0, 16)}`;
  return signature.whose === 'unknown'
    ? `that ${key} is that of whom you believe: ask them for its fingerprint and give it with --key`
    : `that nobody who holds ${key} rewrote it whole and signed it again`;
}
