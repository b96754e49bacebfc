/** The runs that a record knows of: its own, and those of other records that are not among them. */
import type { RunRecord } from '../store/index.ts';
import { evidenceIn } from './evidence.ts';
import type { Sourced } from './pool.ts';

export function sourcedRuns(record: RunRecord): Sourced[] {
  const own = evidenceIn(record);
  const here = new Set(own.map(({ run }) => run));
  const shared = record.shared().filter(({ evidence }) => !here.has(evidence.run));
  return [
    ...own.map((evidence) => ({ evidence, signed_by: null })),
    ...shared.map(({ evidence, signer }) => ({ evidence, signed_by: signer })),
  ];
}
