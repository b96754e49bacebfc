/** Every kind of criterion, where what it needs is missing. */
import { describe, expect, it } from 'vitest';
import type { Criterion } from '../../src/contract/index.ts';
import { type Fields, result, threshold } from './fixtures/evidence.ts';
import { checkers } from './index.ts';

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
      { a: { union_of: ['ranking.again', a] }, b: 'ranking.again', among: 'ranking.all_heads', threshold: low },
    ],
    apart: (among) => [{ a: 'ranking.again', b: 'ranking.again', among, threshold: high }],
    recall: (found) => [{ found, top: 1, reference: 'own', reference_top: 1, threshold: low }],
    'rank-correlation': (found) => [{ found, reference: 'own', threshold: low }],
    'rank-agreement': (a) => [
      { a, b: 'ranking.heads', threshold: low },
      { a: 'ranking.heads', b: a, threshold: low },
    ],
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
