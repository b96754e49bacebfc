/**
 * The checkers: one per kind of criterion, and the verdict that follows from their results. Everything here is a pure
 * function of protocol and evidence; adding a kind means its schema in the contract, its checker and its line below.
 */
import type { Criterion, CriterionResult } from '../../src/contract/index.ts';
import { gain, ratio } from './change.ts';
import { atLeast, atMost, between } from './compare.ts';
import { type Checker, type Evidence, type Finding, type Kind, reasonOf, Unmeasured } from './evidence.ts';
import { exceedsNull } from './exceeds-null.ts';
import { apart, overlap } from './overlap.ts';
import { rankAgreement, rankCorrelation, recall } from './ranking.ts';

export type { Evidence, KnownRanking } from './evidence.ts';
export { chanceOfSharing } from './hypergeometric.ts';
export { spearman } from './spearman.ts';
export { verdictOf } from './verdict.ts';

export const checkers: { readonly [K in Kind]: Checker<K> } = {
  'at-least': atLeast,
  'at-most': atMost,
  between,
  gain,
  ratio,
  'exceeds-null': exceedsNull,
  overlap,
  apart,
  recall,
  'rank-correlation': rankCorrelation,
  'rank-agreement': rankAgreement,
};

/** Contract: never throws; a criterion without its evidence is unmeasured, and a NaN never passes. */
export function check(criterion: Criterion, evidence: Evidence): CriterionResult {
  const checker = checkers[criterion.kind] as Checker<Kind>;
  const { id, says, weight } = criterion;
  const base = { id, says, weight, threshold: checker.threshold(criterion), reason: reasonOf(criterion) };
  try {
    const finding = checker.find(criterion, evidence);
    if (!Number.isFinite(finding.measured))
      throw new Unmeasured(`the result is ${finding.measured}, which is no number`);
    return { ...base, ...measured(finding) };
  } catch (error) {
    if (!(error instanceof Unmeasured)) throw error;
    return { ...base, status: 'unmeasured', measured: null, null_values: [], parts: {}, note: error.message };
  }
}

function measured(finding: Finding): Pick<CriterionResult, 'status' | 'measured' | 'null_values' | 'parts' | 'note'> {
  const { pass, null_values = [], parts = {} } = finding;
  return {
    status: pass ? 'pass' : 'fail',
    measured: finding.measured,
    null_values: [...null_values],
    parts: { ...parts },
    note: '',
  };
}
