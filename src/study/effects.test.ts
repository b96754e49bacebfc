/** The arithmetic of a study, on numbers small enough to do by hand. */
import { describe, expect, it } from 'vitest';
import { addPaths, type Replaced } from './asking.ts';
import { changed, nullOf, percentile, recovered } from './effects.ts';

const effects = (component: string, ...values: number[]) => ({ component, effects: values });

describe('the arithmetic of a study', () => {
  it('tells components by the size of their effect, with its share, its error and whether it exceeds the null', () => {
    const found = { threshold: 2, effects: 1, pairs: 3, sources: 'same-answers' as const };
    const rows = changed([effects('m0', 1, 3), effects('a0.h1', -5, -1), effects('a0.h0', 2, 4)], -4, found);
    expect(rows).toEqual([
      { component: 'a0.h0', effect: 3, recovery: -0.75, sem: 1, above_null: true },
      { component: 'a0.h1', effect: -3, recovery: 0.75, sem: 2, above_null: true },
      { component: 'm0', effect: 2, recovery: -0.5, sem: 1, above_null: false },
    ]);
    expect(changed([effects('m0', 1)], 0, null)).toEqual([
      { component: 'm0', effect: 1, recovery: null, sem: null, above_null: null },
    ]);
  });

  it('makes the null of the sizes of mean effects, over components and draws', () => {
    const draws = [
      [effects('m0', 3, -1), effects('m1', -4, -6)],
      [effects('m0', 0, 0), effects('m1', 2, -2)],
    ];
    const tasks = [['a', 'b'], ['c']];
    expect(nullOf(draws, tasks, false)).toEqual({
      threshold: percentile([1, 5, 0, 0], 0.99),
      effects: 4,
      pairs: 2,
      sources: 'other-answers',
    });
    expect(nullOf([], [], true)).toBeNull();
    expect(percentile([4, 0, 2], 0.25)).toBe(1);
    expect(percentile([4, 0, 2], 0.99)).toBeCloseTo(3.96, 12);
  });

  it('shares what was changed by the way from prompt to counterpart, means first', () => {
    const row = (change: number, before: number, counterpart: number): Replaced => ({
      change,
      before: { logit_difference: before },
      counterpart,
    });
    expect(recovered([row(-1, 2, -2), row(-3, 1, 1)])).toBe(1);
    expect(recovered([row(-1, 2, 2)])).toBeNull();
  });

  it('reads paths pair by pair, receivers before senders', () => {
    const found = [0, 1].map(() => [0, 1, 2].map((): number[] => []));
    addPaths(
      found,
      Float32Array.from({ length: 12 }, (_, index) => index),
    );
    addPaths(found, [12, 13, 14, 15, 16, 17]);
    expect(found).toEqual([
      [
        [0, 6, 12],
        [1, 7, 13],
        [2, 8, 14],
      ],
      [
        [3, 9, 15],
        [4, 10, 16],
        [5, 11, 17],
      ],
    ]);
  });
});
