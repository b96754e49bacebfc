/** Criteria that compare lists of components. */
import { describe, expect, it } from 'vitest';
import { evidence, result, status, threshold, values } from './fixtures/evidence.ts';
import { chanceOfSharing } from './hypergeometric.ts';
import { spearman } from './spearman.ts';

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
  it('takes the share of the first list where only what is in it counts', () => {
    const asked = { ...lists, of: 'first', threshold: threshold(0.5) };
    expect(result('overlap', asked)).toMatchObject({ status: 'pass', measured: 2 / 4 });
    expect(result('overlap', { ...asked, a: lists.b, b: lists.a })).toMatchObject({ status: 'pass', measured: 2 / 3 });
    expect(result('overlap', { ...asked, threshold: threshold(0.51) })).toMatchObject({
      status: 'fail',
      threshold: 'sharing at least 0.51 of the first list',
    });
  });
  it('takes what stands at several paths as one list', () => {
    const both = { union_of: ['ranking.again', 'ranking.heads[].component'] };
    expect(result('overlap', { ...lists, a: both, threshold: threshold(1) })).toMatchObject({
      status: 'pass',
      parts: { shared: 3, a: 5, b: 3 },
    });
    expect(status('apart', { ...lists, b: both, threshold: threshold(0.99) })).toBe('fail');
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
      parts: { found: 2, of: 3, wanted: ['a0.h1', 'a1.h1', 'a3.h3'], missed: ['a3.h3'], known_from: 'a test' },
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
  it('two rankings of one run against each other', () => {
    const other = [
      { component: 'a1.h0', effect: 3 },
      { component: 'a0.h0', effect: 4 },
      { component: 'a0.h1', effect: 1 },
      { component: 'a9.h9', effect: 9 },
    ];
    const given = { ...evidence, values: { ...values, other } };
    const agreement = (a: string, b: string) => result('rank-agreement', { a, b, threshold: threshold(-0.4) }, given);
    expect(agreement('ranking.heads', 'other')).toMatchObject({ status: 'fail', parts: { shared: 3 } });
    expect(agreement('ranking.heads', 'other').measured).toBeCloseTo(-0.5); // ranks 3, 2, 1 against 1, 3, 2
    expect(agreement('ranking.heads', 'ranking.heads')).toMatchObject({ status: 'pass', measured: 1 });
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
