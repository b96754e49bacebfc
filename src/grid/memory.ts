/** What the grid knows of a finding, as an agent may hear it: verdicts of other models, never numbers, components or figures of papers. */
import type { VerdictName } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import { pool } from './pool.ts';
import { present } from './present.ts';
import { sourcedRuns } from './sources.ts';

/** The cell that is being scored: nothing of it may be told, under whatever name its weights were measured. */
export interface Scored {
  readonly finding: string;
  readonly model: string;
  readonly weights_sha256: string;
}

export interface Remembered {
  readonly finding: string;
  readonly model: string;
  readonly verdict: VerdictName;
  readonly runs: number;
  /** Fingerprint of the record that says so, where it is not this one. */
  readonly signed_by?: string;
}

/** Returns the cells of the finding that hold, but for the one that is being scored. */
export function remembered(record: RunRecord, { finding, model, weights_sha256 }: Scored): Remembered[] {
  const others = sourcedRuns(record).filter(
    ({ evidence }) =>
      evidence.finding === finding && evidence.model !== model && evidence.weights_sha256 !== weights_sha256,
  );
  return pool(others, [], present()).flatMap(({ verdict, stale, runs, signed_by, ...cell }) => {
    if (verdict === null || stale.length > 0) return [];
    const from = signed_by === null ? {} : { signed_by };
    return [{ finding, model: cell.model, verdict, runs, ...from }];
  });
}
