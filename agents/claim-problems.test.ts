import { describe, expect, it } from 'vitest';
import { facts } from '../src/contract/fixtures/facts.ts';
import { claimProblems } from './claim-problems.ts';
import { observation } from './fixtures/view.ts';

const results = { ranked: { act: 'search/01-ranked', tool: 'rank_heads', input: {}, output: {} } };
const mechanism = ['search/01-ranked'];
const good = { roles: { vector: ['a0.h1'] }, settings: { layer: 1 }, statement: 's', cites: { mechanism } };
const problems = (change: Partial<typeof good> & { roles?: Record<string, string[]> }) =>
  claimProblems({ ...good, ...change }, observation({ facts: facts(), results }));

describe('claimProblems', () => {
  it('finds nothing wrong with a claim that keeps to roles, model and record', () => {
    expect(problems({})).toEqual([]);
  });

  it.each([
    ['an unknown role', { roles: { vector: ['a0.h1'], other: ['a0.h2'] } }, 'role other is not one of vector'],
    ['a missing role', { roles: {} }, 'role vector has 0 components'],
    [
      'too many components',
      { roles: { vector: ['a0.h0', 'a0.h1', 'a0.h2', 'a0.h3', 'a1.h0'] } },
      'has 5 components, and 1 to 4',
    ],
    ['the same head twice', { roles: { vector: ['a0.h1', 'a0.h1'] } }, 'names a component twice'],
    ['an MLP where heads are asked for', { roles: { vector: ['m1'] } }, 'm1 is not a head'],
    ['a layer that does not exist', { roles: { vector: ['a2.h0'] } }, 'a2.h0 does not exist'],
    ['a head that does not exist', { roles: { vector: ['a1.h4'] } }, 'a1.h4 does not exist'],
    ['a missing setting', { settings: {} as never }, 'setting layer is missing'],
    [
      'an act that has no result',
      { cites: { necessity: ['search/09-dreamt'] } },
      'search/09-dreamt, cited for necessity, is not an act of this run',
    ],
    ['no evidence at all', { cites: {} }, 'cites at least one act'],
  ])('refuses %s', (_, change, says) => {
    expect(problems(change as never).join('; ')).toContain(says);
  });
});
