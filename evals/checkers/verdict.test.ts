import { describe, expect, it } from 'vitest';
import { type CriterionResult, Verdict, VerdictName } from '../../src/contract/index.ts';
import { verdictOf } from './index.ts';

type Status = CriterionResult['status'];
type Weight = CriterionResult['weight'];
const STATUSES: readonly Status[] = ['pass', 'fail', 'unmeasured'];
const WEIGHTS: readonly Weight[] = ['core', 'required', 'flag'];

function made(id: string, weight: Weight, status: Status): CriterionResult {
  return {
    id,
    says: `${id} says.`,
    weight,
    status,
    measured: status === 'unmeasured' ? null : 0.123456,
    threshold: 'at least 0.5',
    reason: 'a test',
    null_values: [],
    parts: {},
    note: status === 'unmeasured' ? `why ${id} has no number` : '',
  };
}

const gate = made('Gate', 'core', 'pass');

describe('verdict', () => {
  it('names are pinned', () => {
    expect(VerdictName.options).toEqual([
      'reproduced',
      'partial',
      'not-reproduced',
      'behaviour-absent',
      'inconclusive',
    ]);
  });

  it.each<[string, string, string]>([
    ['core:pass required:pass', 'reproduced', 'All 2 deciding criteria hold: C0, C1.'],
    ['core:pass', 'reproduced', 'All 1 deciding criteria hold: C0.'],
    ['core:pass flag:fail', 'reproduced', 'All 1 deciding criteria hold: C0.'],
    ['core:pass flag:unmeasured', 'reproduced', 'All 1 deciding criteria hold: C0.'],
    ['core:pass required:fail', 'partial', 'The core holds (C0), but C1 is 0.123, asked is at least 0.5.'],
    ['core:fail required:pass', 'not-reproduced', 'A core criterion failed: C0 is 0.123, asked is at least 0.5.'],
    [
      'core:pass core:fail required:fail',
      'not-reproduced',
      'A core criterion failed: C1 is 0.123, asked is at least 0.5.',
    ],
    ['core:unmeasured', 'inconclusive', 'C0 has no number: why C0 has no number.'],
    ['core:pass required:unmeasured', 'inconclusive', 'C1 has no number: why C1 has no number.'],
    ['core:fail required:unmeasured core:unmeasured', 'inconclusive', 'C1, C2 have no number: why C1 has no number.'],
    ['required:pass flag:pass', 'inconclusive', 'No core criterion was checked.'],
    ['', 'inconclusive', 'No core criterion was checked.'],
  ])('%s: %s', (spelled, verdict, because) => {
    const results = spelled
      .split(' ')
      .filter(Boolean)
      .map((word, index) => made(`C${index}`, ...(word.split(':') as [Weight, Status])));
    expect(verdictOf(gate, results)).toMatchObject({ verdict, because });
  });

  it('the gate decides first', () => {
    const all = [made('C0', 'core', 'pass')];
    expect(verdictOf(made('Gate', 'core', 'fail'), all)).toMatchObject({
      verdict: 'behaviour-absent',
      because: 'The behaviour is not there to be explained: Gate is 0.123, asked is at least 0.5.',
    });
    expect(verdictOf(made('Gate', 'core', 'unmeasured'), all).verdict).toBe('inconclusive');
    expect(verdictOf(null, all).verdict).toBe('inconclusive');
  });

  it('every combination of three criteria follows the rule, loses none, and only full evidence reproduces', () => {
    const all = WEIGHTS.flatMap((weight) => STATUSES.map((status) => [weight, status] as const));
    for (const a of all)
      for (const b of all)
        for (const c of all)
          for (const gateStatus of STATUSES) {
            const results = [a, b, c].map(([weight, status], index) => made(`C${index}`, weight, status));
            const verdict = Verdict.parse(verdictOf(made('Gate', 'core', gateStatus), results));
            const count = (status: Status): number =>
              verdict.criteria.filter((result) => result.status === status).length;
            expect(count('pass') + count('fail') + count('unmeasured')).toBe(3);
            const deciding = results.filter(({ weight }) => weight !== 'flag');
            const full =
              gateStatus === 'pass' &&
              deciding.some(({ weight }) => weight === 'core') &&
              deciding.every(({ status }) => status === 'pass');
            expect(verdict.verdict === 'reproduced').toBe(full);
            if (gateStatus === 'pass' && deciding.some(({ status }) => status === 'unmeasured'))
              expect(verdict.verdict).toBe('inconclusive');
            expect(verdict.because).toMatch(/^[A-Z].*\.$/);
            expect(verdictOf(made('Gate', 'core', gateStatus), [...results].reverse()).verdict).toBe(verdict.verdict);
          }
  });

  it('flags never decide', () => {
    for (const status of STATUSES) {
      for (const flag of STATUSES) {
        const [core, extra] = [made('C0', 'core', status), made('F', 'flag', flag)];
        expect(verdictOf(gate, [core, extra]).verdict).toBe(verdictOf(gate, [core]).verdict);
      }
    }
  });
});
