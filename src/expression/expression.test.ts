import { describe, expect, it } from 'vitest';
import { type Json, type Pick, Refusal } from '../contract/index.ts';
import { evaluate, pick, read, type Scope } from './index.ts';

const scope: Scope = {
  values: {
    clean: {
      tasks: [
        { task: 'a', accuracy: 0.9, majority: 0.2 },
        { task: 'b', accuracy: 0.3, majority: 0.3 },
      ],
      accuracy: 0.6,
    },
    ranking: { heads: [{ component: 'a1.h2' }, { component: 'a0.h0' }, { component: 'a1.h0' }] },
    random: [
      { best: { accuracy: 0.1 }, rows: [{ scale: 1 }] },
      { best: { accuracy: 0.2 }, rows: [{ scale: 2 }, { scale: 3 }] },
    ],
    solved: ['a'],
  },
  claim: { roles: { 'fv-head': ['a1.h2'] }, settings: { layer: 1 } },
  controls: { matched: ['a1.h1'] },
  run: { seed: 4 },
  model: { layers: 2, heads: 4 },
  behaviour: { tasks: ['a', 'b'] },
};

describe('paths', () => {
  const cases: ReadonlyArray<[string, Json]> = [
    ['clean.accuracy', 0.6],
    ['clean.tasks[].accuracy', [0.9, 0.3]],
    ['clean.tasks.#', 2],
    ['solved', ['a']],
    ['solved.#', 1],
    ['random[].best.accuracy', [0.1, 0.2]],
    ['random[].rows[].scale', [1, 2, 3]],
    ['random[].rows.#', [1, 2]],
    ['random.#', 2],
  ];
  it.each(cases)('%s', (path, value) => expect(read(path, scope.values)).toEqual(value));

  it.each([
    ['nothing.at_all', 'the results have no "nothing"'],
    ['clean.accurcy', 'clean has no "accurcy"'],
    ['clean.tasks.accuracy', 'clean.tasks is a list; write clean.tasks[]'],
    ['clean.accuracy[]', 'clean.accuracy is not a list'],
    ['clean.accuracy.#', 'clean.accuracy is not a list, so it has no length'],
    ['clean.accuracy.more', 'clean.accuracy is a number and has no fields'],
    ['clean.tasks[].loss', 'item 0: clean.tasks[] has no "loss"'],
    ['clean.constructor', 'clean has no "constructor"'],
    ['__proto__.x', 'the results have no "__proto__"'],
  ])('refuses %s', (path, why) => expect(() => read(path, scope.values)).toThrow(why));

  it('refuses a number that is none', () => {
    expect(() => read('a.b', { a: { b: [Number.NaN] } })).toThrow('a.b holds NaN');
    expect(() => evaluate(Number.POSITIVE_INFINITY, scope)).toThrow(Refusal);
  });
});

describe('expressions', () => {
  it('draws as many other heads of the same layers, the same for the same seed', () => {
    const others = (seed: number) =>
      evaluate({ $others: { $from: 'ranking.heads[].component' } }, { ...scope, run: { seed } }) as string[];
    const drawn = others(4);
    expect(drawn.map((head) => head.slice(0, 2))).toEqual(['a0', 'a1', 'a1']);
    expect(drawn.filter((head) => ['a1.h2', 'a0.h0', 'a1.h0'].includes(head))).toEqual([]);
    expect(others(4)).toEqual(drawn);
    expect([5, 6, 7, 8].some((seed) => others(seed).join() !== drawn.join())).toBe(true);
    expect(() => evaluate({ $others: ['m1'] }, scope)).toThrow('no list of heads');
  });

  const cases: ReadonlyArray<[Json, Json]> = [
    [{ $from: 'clean.tasks[].task' }, ['a', 'b']],
    [{ $claim: 'fv-head' }, ['a1.h2']],
    [{ $setting: 'layer' }, 1],
    [{ $control: 'matched' }, ['a1.h1']],
    [{ $run: 'seed' }, 4],
    [{ $behaviour: 'tasks' }, ['a', 'b']],
    [{ $from: 'ranking.heads.1.component' }, 'a0.h0'],
    [{ $top: { of: { $from: 'ranking.heads[].component' }, count: 2 } }, ['a1.h2', 'a0.h0']],
    [{ $top: { of: ['x'], count: { $setting: 'layer' } } }, ['x']],
    [{ $top: { of: ['x'], count: 9 } }, ['x']],
    [{ $top: { of: ['x'], count: 0 } }, []],
    [{ $union: [{ $from: 'solved' }, ['b', 'a'], []] }, ['a', 'b']],
    [
      {
        $shared: [
          ['c', 'a', 'b', 'a'],
          ['a', 'c', 'd'],
        ],
      },
      ['c', 'a'],
    ],
    [{ $shared: [{ $claim: 'left-out' }, ['a']] }, []],
    [{ $union: [{ $claim: 'fv-head' }, { $claim: 'left-out' }] }, ['a1.h2']],
    [{ $except: [['c', 'a', 'b', 'a'], ['b'], ['d', 'c']] }, ['a']],
    [{ $except: [['a'], { $claim: 'left-out' }] }, ['a']],
    [{ $count: ['a', 'b'] }, 2],
    [{ $count: { $claim: 'left-out' } }, 0],
    [{ $top: { of: ['x', 'y'], count: { $count: { $claim: 'fv-head' } } } }, ['x']],
    [{ deep: [{ er: { $run: 'seed' } }] }, { deep: [{ er: 4 }] }],
  ];
  it.each(cases)('%j', (expression, value) => expect(evaluate(expression, scope)).toEqual(value));

  const bad: ReadonlyArray<[Json, string]> = [
    [{ $from: 'ranking.heads.9.component' }, 'items, and none at 9'],
    [{ $form: 'clean' }, '"$form" is no operator'],
    [{ $from: 'clean', also: 1 }, 'it stands beside also'],
    [{ $from: 'clean', $run: 'seed' }, 'stands beside'],
    [{ $from: 3 }, 'its operand is 3'],
    [{ $claim: 'mover' }, 'known are fv-head'],
    [{ $setting: 'scale' }, 'known are layer'],
    [{ $control: 'other' }, 'known are matched'],
    [{ $run: 'id' }, 'known are seed'],
    [{ $run: 'toString' }, 'known are seed'],
    [{ $behaviour: 'answers' }, 'known are tasks'],
    [{ $top: { of: ['x'] } }, 'exactly `of` and `count`'],
    [{ $union: { $from: 'solved' } }, 'no list of lists'],
    [{ $shared: [] }, 'no list of lists'],
    [{ $except: ['a'] }, 'no list of lists'],
    [{ $count: 3 }, 'no list of lists'],
    [{ $union: [{ $from: 'clean.accuracy' }] }, 'no list of lists'],
    [{ $top: { of: 'x', count: 1 } }, 'is not a list'],
    [{ $top: { of: ['x'], count: 1.5 } }, 'its count is 1.5'],
    [{ $top: { of: ['x'], count: -1 } }, 'its count is -1'],
  ];
  it.each(bad)('refuses %j', (expression, why) => {
    expect(() => evaluate(expression, scope)).toThrow(Refusal);
    expect(() => evaluate(expression, scope)).toThrow(why);
  });

  it('refuses the claim where none is sealed', () => {
    const { claim: _, ...before } = scope;
    expect(() => evaluate({ $claim: 'fv-head' }, before)).toThrow('no claim is sealed yet');
  });

  it('copies whatever has no operator, and leaves its operand alone', () => {
    const random = generator(11);
    for (let trial = 0; trial < 200; trial++) {
      const value = randomJson(random, 4);
      const before = JSON.stringify(value);
      expect(evaluate(value, scope)).toEqual(value);
      expect(evaluate({ wrapped: [value, { $run: 'seed' }] }, scope)).toEqual({ wrapped: [value, 4] });
      expect(JSON.stringify(value)).toBe(before);
    }
  });
});

describe('pick', () => {
  const values: Record<string, Json> = {
    clean: {
      tasks: [
        { task: 'a', accuracy: 0.9, majority: 0.2 },
        { task: 'b', accuracy: 0.5, majority: 0.5 },
        { task: 'c', accuracy: 0.8, majority: 0.1 },
      ],
    },
    shuffled: {
      tasks: [
        { task: 'c', accuracy: 0.7 },
        { task: 'a', accuracy: 0.2 },
        { task: 'b', accuracy: 0.5 },
      ],
    },
  };
  const from = (where: Pick['where'], rest: Partial<Pick> = {}): Json[] =>
    pick({ from: 'clean.tasks', take: 'task', where, ...rest }, values);
  const other = { of: 'shuffled.tasks', matching: 'task', field: 'accuracy', at_least: 0.1 };

  it('takes rows that meet every condition, in order', () => {
    expect(from([{ field: 'accuracy', at_least: 0.5 }])).toEqual(['a', 'b', 'c']);
    expect(from([{ field: 'accuracy', at_most: 0.8 }])).toEqual(['b', 'c']);
    expect(from([{ field: 'accuracy', at_least: 0.8, at_most: 0.8 }])).toEqual(['c']);
    expect(from([{ field: 'task', equals: 'b' }])).toEqual(['b']);
    expect(
      from([
        { field: 'accuracy', at_least: 0.6 },
        { field: 'majority', at_most: 0.1 },
      ]),
    ).toEqual(['c']);
  });
  it('takes the rows of several lists as one', () => {
    const sweep = { contrasts: [{ heads: [{ at: 'a', share: 0.1 }] }, { heads: [{ at: 'b', share: 0.3 }] }] };
    const where = [{ field: 'share', at_least: 0.1 }];
    expect(pick({ from: 'sweep.contrasts[].heads', take: 'at', where }, { sweep })).toEqual(['a', 'b']);
  });
  it('compares with the largest value in the whole list; the boundary counts', () => {
    expect(from([{ field: 'accuracy', share_of_best: 1 }])).toEqual(['a']);
    expect(from([{ field: 'accuracy', share_of_best: 8 / 9 }])).toEqual(['a', 'c']);
    expect(from([{ field: 'accuracy', share_of_best: 0.6, at_most: 0.8 }])).toEqual(['c']); // 0.5 is below 0.54
  });
  it('compares strictly with another field of the row', () => {
    expect(from([{ field: 'accuracy', more_than_field: 'majority' }])).toEqual(['a', 'c']);
  });
  it('compares with the row of another list that has the same key; the boundary counts', () => {
    expect(from([{ field: 'accuracy', above_field_by: other }])).toEqual(['a', 'c']); // 0.8 - 0.7 is 0.1 but for rounding
    expect(from([{ field: 'accuracy', above_field_by: { ...other, at_least: 0.11 } }])).toEqual(['a']);
    const below = { ...other, of: 'clean.tasks' };
    expect(
      pick({ from: 'shuffled.tasks', take: 'task', where: [{ field: 'accuracy', below_field_by: below }] }, values),
    ).toEqual(['c', 'a']);
  });
  it('gives `otherwise`, or nothing, where no row does', () => {
    const none = [{ field: 'accuracy', at_least: 2 }];
    expect(from(none)).toEqual([]);
    expect(from(none, { otherwise: 'clean.tasks[].task' })).toEqual(['a', 'b', 'c']);
  });
  it.each<[string, Pick['where'], Partial<Pick>]>([
    ['asks nothing', [{ field: 'accuracy' }], {}],
    ['has no "loss"', [{ field: 'loss', at_least: 1 }], {}],
    ['cannot be compared', [{ field: 'task', at_least: 1 }], {}],
    ['has no "name"', [{ field: 'accuracy', at_least: 0 }], { take: 'name' }],
    ['leads nowhere', [{ field: 'accuracy', at_least: 0 }], { from: 'gone.tasks' }],
    ['is not a list of rows', [{ field: 'accuracy', at_least: 0 }], { from: 'clean.tasks[].task' }],
    ['no partner', [{ field: 'accuracy', above_field_by: { ...other, matching: 'accuracy' } }], {}],
  ])('refuses: %s', (why, where, rest) => expect(() => from(where, rest)).toThrow(why));
});

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomJson(random: () => number, depth: number): Json {
  const kind = Math.floor(random() * (depth > 0 ? 6 : 4));
  const several = <T>(make: () => T): T[] => Array.from({ length: Math.floor(random() * 4) }, make);
  if (kind === 0) return random() * 100 - 50;
  if (kind === 1) return `word ${Math.floor(random() * 9)} $from`;
  if (kind === 2) return random() < 0.5;
  if (kind === 3) return null;
  if (kind === 4) return several(() => randomJson(random, depth - 1));
  return Object.fromEntries(several(() => [`key${Math.floor(random() * 99)}`, randomJson(random, depth - 1)]));
}
