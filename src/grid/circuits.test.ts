/** Two circuits beside each other: shared heads, chance, and ranks. */
import { describe, expect, it } from 'vitest';
import { beside, type Circuit } from './circuits.ts';
import { upperTail } from './statistics.ts';

const circuit = (roles: Circuit['roles'], ranking: [string, number][] = [], weights = 'w'): Circuit => ({
  run: 'r',
  finding: 'f',
  model: `model of ${weights}`,
  weights_sha256: weights,
  layers: 2,
  heads: 8,
  roles,
  ranking: new Map(ranking),
});

describe('two circuits', () => {
  it('share heads, more or less than chance, role by role', () => {
    const a = circuit({ mover: ['a1.h0', 'a1.h1'], reader: ['a0.h0'] });
    const b = circuit({ copier: ['a1.h1', 'a1.h2'] });
    const [all, mover, reader] = beside(a, b).shared;
    expect(all).toMatchObject({ a: 'all roles', components: ['a1.h1'], of: 2, by_chance: 6 / 16 });
    // Two and two of sixteen; in their own layer two and two of eight.
    expect(mover).toMatchObject({
      a: 'mover',
      b: 'copier',
      components: ['a1.h1'],
      by_chance: 0.25,
      by_chance_in_layers: 0.5,
    });
    expect(mover?.p).toBeCloseTo(1 - (14 * 13) / (16 * 15));
    expect(reader).toMatchObject({ components: [], by_chance_in_layers: 0, p: expect.closeTo(1) });
  });
  it('agree in their ranks, of the heads that both rank', () => {
    const ranking: [string, number][] = [
      ['a0.h0', 3],
      ['a0.h1', 2],
      ['a1.h0', 1],
      ['a1.h1', 0],
    ];
    const other = ranking.map(([head, effect]): [string, number] => [head, effect ** 3]);
    const roles = { r: ['a0.h0'] };
    const found = beside(circuit(roles, ranking), circuit(roles, [...other, ['m0', 9]]));
    expect(found.agreement).toMatchObject({ spearman: expect.closeTo(1), heads: 4 });
    expect(found.agreement?.p).toBeCloseTo(upperTail(Math.sqrt(3)));
    expect(beside(circuit(roles, ranking.slice(2)), circuit(roles, ranking)).agreement).toBeNull();
  });
  it('are of one model', () => {
    expect(() => beside(circuit({}), circuit({}, [], 'v'))).toThrow('one is of model of w and the other of model of v');
  });
  it('the tail of the normal distribution', () => {
    expect(upperTail(0)).toBeCloseTo(0.5, 6);
    expect(upperTail(1.959963984540054)).toBeCloseTo(0.025, 6);
    expect(upperTail(-1.959963984540054)).toBeCloseTo(0.975, 6);
  });
});
