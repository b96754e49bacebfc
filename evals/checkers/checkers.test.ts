import { describe, expect, it } from 'vitest';
import { Criterion, CriterionResult, type Json } from '../../src/contract/index.ts';
import { chanceOfSharing } from './hypergeometric.ts';
import { check, checkers, type Evidence } from './index.ts';
import { spearman } from './spearman.ts';

const values: Record<string, Json> = {
  zero: { accuracy: 0.2, tasks: [{ accuracy: 0.1 }, { accuracy: 0.3 }] },
  injected: { best: { accuracy: 0.45 } },
  random: [{ accuracy: 0.3 }, { accuracy: 0.35 }, { accuracy: 0.1 }, { accuracy: 0.35 }],
  nulls: { none: null, not_a_number: Number.NaN, text: 'x', empty: [], holes: [0.1, null] },
  ranking: {
    heads: [
      { component: 'a0.h1', effect: 0.4 },
      { component: 'a0.h0', effect: 0.3 },
      { component: 'a1.h1', effect: 0.2 },
      { component: 'a1.h0', effect: 0.1 },
    ],
    all_heads: 16,
    again: ['a0.h1', 'a0.h0', 'a1.h2', 'a1.h2'],
  },
};
const evidence: Evidence = {
  values,
  references: {
    own: [
      { component: 'a0.h1', effect: 0.05 },
      { component: 'a1.h1', effect: 0.04 },
      { component: 'a3.h3', effect: 0.03 },
      { component: 'a0.h0', effect: 0.02 },
    ],
    unordered: ['a0.h1', 'a0.h0', 'a1.h1'].map((component) => ({ component, effect: null })),
    flat: ['a0.h1', 'a0.h0', 'a1.h1'].map((component) => ({ component, effect: 1 })),
    empty: [],
  },
  unmeasured: { ablated: 'the worker refused.' },
};

type Fields = Record<string, unknown>;
const threshold = (value: number): Fields => ({ value, because: 'a test' });
const criterion = (kind: string, fields: Fields): Criterion =>
  Criterion.parse({ id: 'C', says: 'A test.', weight: 'core', kind, ...fields });
const result = (kind: string, fields: Fields, given: Evidence = evidence): CriterionResult =>
  CriterionResult.parse(check(criterion(kind, fields), given));
const status = (kind: string, fields: Fields): string => result(kind, fields).status;

describe('fixed thresholds', () => {
  const value = 'zero.accuracy';
  it.each([
    ['at-least', { threshold: threshold(0.2) }, 'pass'],
    ['at-least', { threshold: threshold(0.2001) }, 'fail'],
    ['at-most', { threshold: threshold(0.2) }, 'pass'],
    ['at-most', { threshold: threshold(0.1999) }, 'fail'],
    ['between', { low: threshold(0.2), high: threshold(0.3) }, 'pass'],
    ['between', { low: threshold(0.1), high: threshold(0.2) }, 'pass'],
    ['between', { low: threshold(0.21), high: threshold(0.3) }, 'fail'],
    ['between', { low: threshold(0.1), high: threshold(0.19) }, 'fail'],
  ])('%s %j: %s', (kind, fields, expected) => expect(status(kind, { value, ...fields })).toBe(expected));

  it('folds lists', () => {
    const tasks = 'zero.tasks[].accuracy';
    expect(result('at-least', { value: { best_of: tasks }, threshold: threshold(0) }).measured).toBe(0.3);
    expect(result('at-least', { value: { mean_of: tasks }, threshold: threshold(0) }).measured).toBeCloseTo(0.2);
    expect(result('at-least', { value: { sum_of: tasks }, threshold: threshold(0) }).measured).toBeCloseTo(0.4);
  });
  it('says threshold, source and reason', () => {
    const both = { value, threshold: { value: 0.2, source: 'paper, section 3', because: 'ours' } };
    expect(result('at-least', both)).toMatchObject({
      threshold: 'at least 0.2',
      reason: 'paper, section 3; ours',
      note: '',
      measured: 0.2,
    });
    expect(result('between', { value, low: threshold(0), high: threshold(1) }).reason).toBe('a test');
  });
});

describe('change', () => {
  const pair = { value: 'injected.best.accuracy', over: 'zero.accuracy' };
  it('gain: 0.45 - 0.2 reaches 0.25 in spite of rounding', () => {
    expect(status('gain', { ...pair, threshold: threshold(0.25) })).toBe('pass');
    expect(status('gain', { ...pair, threshold: threshold(0.26) })).toBe('fail');
    expect(result('gain', { ...pair, threshold: threshold(0.25) }).parts).toEqual({ value: 0.45, over: 0.2 });
    for (let points = 0; points <= 75; points++) {
      const shifted = { ...evidence, values: { low: points / 100, high: (points + 25) / 100 } };
      expect(result('gain', { value: 'high', over: 'low', threshold: threshold(0.25) }, shifted).status).toBe('pass');
    }
  });
  it('ratio', () => {
    expect(status('ratio', { ...pair, threshold: threshold(2.25) })).toBe('pass');
    expect(status('ratio', { ...pair, threshold: threshold(2.26) })).toBe('fail');
  });
  it.each([
    [1, 0, 'unmeasured', null],
    [1, -0.5, 'pass', 2],
    [0.9, -0.5, 'fail', 1.8],
    [-1, 0.5, 'fail', -2],
    [-1, -0.5, 'fail', -2],
  ])('the ratio of %d to %d is %s', (value, over, expected, measured) => {
    const given = { ...evidence, values: { value, over } };
    expect(result('ratio', { value: 'value', over: 'over', threshold: threshold(2) }, given)).toMatchObject({
      status: expected,
      measured,
    });
  });
});

describe('exceeds-null', () => {
  const null_ = 'random[].accuracy';
  const at = (value: number, least: number): CriterionResult =>
    result(
      'exceeds-null',
      { value: 'value', null: null_, threshold: threshold(least) },
      { ...evidence, values: { ...values, value } },
    );
  it('must lie above every control by the threshold', () => {
    expect(at(0.5, 0.15).status).toBe('pass');
    expect(at(0.49, 0.15).status).toBe('fail');
    expect(at(0.5, 0.15).measured).toBeCloseTo(0.15);
    expect(at(0.5, 0.15).null_values).toEqual([0.3, 0.35, 0.1, 0.35]);
  });
  it('a tie is no excess, and counts in p', () => {
    expect(at(0.35, 0).status).toBe('fail');
    expect(at(0.36, 0).status).toBe('pass');
    expect(at(0.35, 0).parts).toMatchObject({ highest_null: 0.35, controls: 4, p: 3 / 5 });
    expect(at(0.36, 0).parts).toMatchObject({ p: 1 / 5 });
    expect(at(0, 0).parts).toMatchObject({ p: 1 });
  });
  it('an empty null proves nothing', () => {
    expect(status('exceeds-null', { value: 'zero.accuracy', null: 'nulls.empty', threshold: threshold(0) })).toBe(
      'unmeasured',
    );
  });
});

describe('overlap and apart', () => {
  const lists = { a: 'ranking.heads[].component', b: 'ranking.again', among: 'ranking.all_heads' };
  it('takes the share of the smaller list; a component named twice counts once', () => {
    expect(result('overlap', { ...lists, threshold: threshold(0.66) })).toMatchObject({
      status: 'pass',
      parts: { shared: 2, a: 4, b: 3, among: 16 },
    });
    expect(result('overlap', { ...lists, threshold: threshold(0.67) })).toMatchObject({
      status: 'fail',
      measured: 2 / 3,
    });
    expect(status('apart', { ...lists, threshold: threshold(0.67) })).toBe('pass');
    expect(status('apart', { ...lists, threshold: threshold(0.66) })).toBe('fail');
  });
  it('knows what chance gives', () => {
    const { share_by_chance, p_of_sharing_as_much } = result('overlap', { ...lists, threshold: threshold(0.5) }).parts;
    expect(share_by_chance).toBeCloseTo(4 / 16);
    expect(p_of_sharing_as_much).toBeCloseTo((6 * 12 + 4) / 560); // C(4,2)·C(12,1) + C(4,3) of C(16,3)
  });
  it('the hypergeometric tail', () => {
    expect(chanceOfSharing(0, 5, 5, 20)).toBeCloseTo(1);
    expect(chanceOfSharing(1, 5, 5, 20)).toBeCloseTo(1 - 3003 / 15504);
    expect(chanceOfSharing(5, 5, 5, 20)).toBeCloseTo(1 / 15504);
    expect(chanceOfSharing(2, 4, 4, 6)).toBeCloseTo(1); // two are shared by necessity
    expect(chanceOfSharing(10, 10, 10, 1024)).toBeGreaterThan(0);
  });
  it.each([['zero.accuracy'], ['nulls.text'], ['random.#']])('%s components cannot be drawn from', (among) => {
    expect(status('overlap', { ...lists, among, threshold: threshold(0) })).toBe('unmeasured');
  });
});

describe('rankings', () => {
  const found = 'ranking.heads[].component';
  it('recall of the reference top', () => {
    const asked = { found, top: 3, reference: 'own', reference_top: 3 };
    expect(result('recall', { ...asked, threshold: threshold(0.66) })).toMatchObject({
      status: 'pass',
      parts: { found: 2, of: 3, missed: ['a3.h3'] },
    });
    expect(status('recall', { ...asked, threshold: threshold(0.67) })).toBe('fail');
    expect(result('recall', { ...asked, top: 1, reference_top: 1, threshold: threshold(1) }).measured).toBe(1);
  });
  it.each([
    [{ top: 5, reference_top: 3 }],
    [{ top: 3, reference_top: 5 }],
    [{ top: 3, reference_top: 3, reference: 'other' }],
    [{ top: 3, reference_top: 3, reference: 'empty' }],
    [{ top: 3, reference_top: 3, reference: 'constructor' }],
  ])('recall without enough to compare is unmeasured: %j', (fields) => {
    expect(status('recall', { found, reference: 'own', threshold: threshold(0), ...fields })).toBe('unmeasured');
  });
  it('rank correlation over the shared components', () => {
    const asked = { found: 'ranking.heads', reference: 'own', threshold: threshold(0.5) };
    expect(result('rank-correlation', asked)).toMatchObject({ status: 'pass', parts: { shared: 3, reference: 4 } });
    expect(result('rank-correlation', asked).measured).toBeCloseTo(0.5);
    expect(status('rank-correlation', { ...asked, reference: 'flat' })).toBe('unmeasured');
    expect(status('rank-correlation', { ...asked, reference: 'unordered' })).toBe('unmeasured');
    expect(status('recall', { found, top: 4, reference: 'unordered', reference_top: 3, threshold: threshold(1) })).toBe(
      'pass',
    );
    expect(status('rank-correlation', { ...asked, found: 'random' })).toBe('unmeasured');
  });
  it('Spearman with ties', () => {
    expect(spearman([1, 2, 3], [10, 20, 30])).toBeCloseTo(1);
    expect(spearman([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1);
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(0.9486833);
    expect(spearman([1, 1, 2, 2], [1, 2, 1, 2])).toBeCloseTo(0);
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });
});

describe('what is missing never passes', () => {
  const bad = [
    'gone.accuracy',
    'zero.acuracy',
    'nulls.none',
    'nulls.not_a_number',
    'nulls.text',
    'nulls.empty',
    'ablated.loss',
    'zero.tasks',
  ];
  const [low, high] = [threshold(-1e9), threshold(1e9)];
  const ok = 'zero.accuracy';
  const kinds: Record<Criterion['kind'], (path: string) => Fields[]> = {
    'at-least': (value) => [
      { value, threshold: low },
      { value: { best_of: value }, threshold: low },
      { value: { mean_of: value }, threshold: low },
    ],
    'at-most': (value) => [
      { value, threshold: high },
      { value: { sum_of: value }, threshold: high },
    ],
    between: (value) => [{ value, low, high }],
    gain: (value) => [
      { value, over: ok, threshold: low },
      { value: ok, over: value, threshold: low },
    ],
    ratio: (value) => [
      { value, over: ok, threshold: low },
      { value: ok, over: value, threshold: low },
    ],
    'exceeds-null': (value) => [
      { value, null: 'random[].accuracy', threshold: low },
      { value: ok, null: value, threshold: low },
    ],
    overlap: (a) => [
      { a, b: 'ranking.again', among: 'ranking.all_heads', threshold: low },
      { a: 'ranking.again', b: a, among: 'ranking.all_heads', threshold: low },
    ],
    apart: (among) => [{ a: 'ranking.again', b: 'ranking.again', among, threshold: high }],
    recall: (found) => [{ found, top: 1, reference: 'own', reference_top: 1, threshold: low }],
    'rank-correlation': (found) => [{ found, reference: 'own', threshold: low }],
  };
  it('every kind has a checker and stands in this table', () =>
    expect(new Set(Object.keys(kinds))).toEqual(new Set(Object.keys(checkers))));
  for (const [kind, variants] of Object.entries(kinds)) {
    it.each(bad)(`${kind} with %s`, (path) => {
      for (const fields of variants(path)) {
        const found = result(kind, fields);
        expect(found).toMatchObject({ status: 'unmeasured', measured: null, null_values: [], parts: {} });
        expect(found.note).not.toBe('');
      }
    });
  }
  it('says why', () => {
    const value = 'ablated.loss';
    expect(result('at-least', { value, threshold: low }).note).toBe('ablated was not measured: the worker refused.');
    expect(result('at-least', { value: 'gone', threshold: low }).note).toContain('have no "gone"');
    expect(result('at-least', { value: { mean_of: 'nulls.holes' }, threshold: low }).note).toContain('item 1, is null');
  });
});
