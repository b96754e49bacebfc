/** What a language model is offered, and how its answers are read. */
import { describe, expect, it } from 'vitest';
import { tools } from '../../tools/index.ts';
import { observation } from '../fixtures/view.ts';
import { decisionOf } from './decision.ts';
import { offered } from './offered.ts';

const sha = 'b'.repeat(64);
const first = {
  act: 'search/01-first',
  tool: 'rank_heads',
  input: {},
  output: { heads: [{ component: 'a1.h2', effect: 0.3 }], average: { sha256: sha } },
};
const seen = observation({ results: { first } });
const around = { name: 'second', serves: ['N1'], because: 'b' };

describe('what is offered', () => {
  it('is every experiment and four tools of ours, each an object at its root and closed', () => {
    const names = offered().map(({ name }) => name);
    expect(names).toEqual([...tools.map(({ name }) => name), 'plan', 'more', 'claim', 'give_up']);
    for (const { schema } of offered()) expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('takes artifacts and lists by reference too', () => {
    const { $defs } = (offered().find(({ name }) => name === 'rank_heads')?.schema ?? {}) as never as {
      $defs: Record<string, { properties: Record<string, unknown> }>;
    };
    expect($defs['RankHeadsInput']?.properties['sweep']).toMatchObject({
      anyOf: [{ type: 'string' }, { $ref: '#/$defs/Reference' }],
    });
  });

  it('resolves every reference within itself', () => {
    for (const { schema } of offered()) {
      const refs = JSON.stringify(schema).match(/#\/\$defs\/\w+/g) ?? [];
      for (const ref of refs) expect(schema['$defs']).toHaveProperty(ref.slice('#/$defs/'.length));
    }
  });
});

describe('an answer', () => {
  it('puts values in the places of references', () => {
    const input = { sweep: { $from: 'first.average.sha256' } };
    expect(decisionOf('rank_heads', { ...around, input }, seen)).toEqual({
      kind: 'tool',
      tool: 'rank_heads',
      ...around,
      input: { sweep: sha },
    });
  });

  it('may use a selection of the procedure as soon as it can be made', () => {
    const claim = { roles: { vector: { $from: 'strong' } }, settings: {}, statement: 's', cites: {} };
    expect(decisionOf('claim', claim, seen)).toMatchObject({ claim: { roles: { vector: ['a1.h2'] } } });
    expect(decisionOf('claim', claim, observation())).toMatchObject({ kind: 'unusable' });
  });

  it('cannot smuggle another kind of action in', () => {
    expect(decisionOf('give_up', { reason: 'r', kind: 'claim' }, seen)).toEqual({ kind: 'give-up', reason: 'r' });
    expect(decisionOf('rank_heads', { ...around, input: { sweep: sha }, kind: 'claim' }, seen)).toMatchObject({
      kind: 'unusable',
    });
  });

  it.each([
    ['null', 'plan', null],
    ['text', 'give_up', 'sure'],
    ['a list', 'rank_heads', []],
    ['an operator that does not exist', 'rank_heads', { ...around, input: { sweep: { $eval: '1' } } }],
    ['the claim that is not sealed', 'rank_heads', { ...around, input: { sweep: { $claim: 'vector' } } }],
    ['a name with a path in it', 'rank_heads', { ...around, name: '../x', input: { sweep: sha } }],
    ['the name of a property of all objects', 'constructor', {}],
  ])('of %s is unusable, with a reason', (_, name, input) => {
    expect(decisionOf(name, input, seen)).toMatchObject({ kind: 'unusable', why: expect.stringMatching(/\S/) });
  });
});
