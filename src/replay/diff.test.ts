import { expect, test } from 'vitest';
import type { Step, StepBody } from '../contract/index.ts';
import { changes } from './changes.ts';
import { diffRuns } from './diff.ts';
import { chained } from './fixtures/chained.ts';

const gaveUp = (reason: string): StepBody => ({ kind: 'gave-up', reason });
const run = (...acts: [string, string][]): Step[] =>
  chained(
    acts.map(([act, reason], index) => {
      return { run: 'r', seq: index + 1, act, at: '2026', body: gaveUp(reason), content: '', hash: '' };
    }),
  );

test('changes are named by path, additions and removals with them', () => {
  expect(changes({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 4 }, 5], d: null })).toEqual([
    { path: 'a[1].b', before: '2', after: '4' },
    { path: 'a[2]', before: null, after: '5' },
    { path: 'c', before: '3', after: null },
    { path: 'd', before: null, after: 'null' },
  ]);
  expect(changes([1], { 0: 1 })).toEqual([{ path: '', before: '[1]', after: '{"0":1}' }]);
});

test('acts are aligned by name, calls of the search whatever their number', () => {
  const first = run(['open', 'a'], ['search/01-x', 'b'], ['search/02-y', 'c'], ['claim', 'd']);
  const second = run(['open', 'a'], ['search/01-new', 'n'], ['search/02-y', 'c'], ['search/03-x', 'b'], ['claim', 'e']);
  const rows = diffRuns(first, second).map(({ act, status, first: a, second: b }) => [act, status, a, b]);
  expect(rows).toEqual([
    ['open', 'same', 1, 1],
    ['search/01-new', 'only-second', null, 2],
    ['search/01-x', 'changed', 2, 4],
    ['search/02-y', 'same', 3, 3],
    ['claim', 'changed', 4, 5],
  ]);
  expect(diffRuns(first, first).every(({ status }) => status === 'same')).toBe(true);
  expect(diffRuns(first, []).map(({ status }) => status)).toEqual(Array(4).fill('only-first'));
});
