/** Criteria that compare numbers. */
import { describe, expect, it } from 'vitest';
import type { CriterionResult } from '../../src/contract/index.ts';
import { evidence, result, status, threshold, values } from './fixtures/evidence.ts';

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
    expect(result('at-least', { value: { worst_of: tasks }, threshold: threshold(0) }).measured).toBe(0.1);
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
