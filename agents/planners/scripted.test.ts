import { describe, expect, it } from 'vitest';
import { observation, view } from '../fixtures/view.ts';
import { scripted } from './scripted.ts';

const plan = { intent: 'i', items: [{ name: 'first', tool: 'rank_heads', serves: [] }] };
const first = {
  act: 'search/01-first',
  tool: 'rank_heads',
  input: {},
  output: {
    heads: [
      { component: 'a1.h2', effect: 0.3 },
      { component: 'a0.h1', effect: 0.2 },
      { component: 'a0.h0', effect: 0.05 },
    ],
  },
};
const second = { act: 'search/02-second', tool: 'inject_vector', input: {}, output: { layer: 1 } };
const failure = {
  kind: 'refusal' as const,
  code: 'no-correct-prompts',
  what: 'task next',
  why: 'the model solves none',
  instead: 'drop it',
};

describe('scripted planner', () => {
  it('plans one item for each tool step, with the criteria it serves', async () => {
    const action = await scripted.next(observation());
    expect(action).toMatchObject({
      kind: 'plan',
      plan: {
        items: [
          { name: 'first', tool: 'rank_heads', serves: ['N1'] },
          { name: 'second', tool: 'inject_vector', serves: ['N1'] },
        ],
      },
    });
  });

  it('asks for the next step that has no result, with its expressions in values', async () => {
    expect(await scripted.next(observation({ plan }))).toMatchObject({
      kind: 'tool',
      name: 'first',
      input: { seed: 7 },
      serves: ['N1'],
    });
    const action = await scripted.next(observation({ plan, results: { first } }));
    expect(action).toMatchObject({ kind: 'tool', name: 'second', input: { heads: ['a1.h2', 'a0.h1'] } });
  });

  it('claims what the protocol says to claim and cites the steps that the procedure says to give evidence', async () => {
    const procedure = view().procedure.map((item) =>
      item.name === 'second' ? { ...item, gives: ['sufficiency' as const] } : item,
    );
    const action = await scripted.next(
      observation({ protocol: view({ procedure }), plan, results: { first, second } }),
    );
    expect(action).toMatchObject({
      kind: 'claim',
      claim: {
        roles: { vector: ['a1.h2', 'a0.h1'] },
        settings: { layer: 1 },
        cites: { sufficiency: ['search/02-second'] },
      },
    });
  });

  it('leaves a role out that a model may lack', async () => {
    const seen = view();
    const may = { ...(seen.roles[0] as (typeof seen.roles)[number]), role: 'rare', at_least: 0 };
    const claim_from = { ...seen.claim_from, roles: { ...seen.claim_from.roles, rare: [] } };
    const protocol = { ...seen, roles: [...seen.roles, may], claim_from };
    const action = await scripted.next(observation({ protocol, plan, results: { first, second } }));
    expect(action).toMatchObject({ kind: 'claim', claim: { roles: { vector: ['a1.h2', 'a0.h1'] } } });
    expect(action).not.toHaveProperty('claim.roles.rare');
  });

  it('gives up with the words of the refusal when the claim needs what was refused', async () => {
    const refusals = [{ act: 'search/01-first', name: 'first', tool: 'rank_heads', failure }];
    expect(await scripted.next(observation({ plan, refusals }))).toEqual({
      kind: 'give-up',
      reason: 'task next: the model solves none. Instead: drop it.',
    });
  });

  it('goes on after a refusal that nothing depends on', async () => {
    const spare = { ...observation().protocol };
    const protocol = { ...spare, claim_from: { ...spare.claim_from, settings: {} } };
    const refusals = [{ act: 'search/02-second', name: 'second', tool: 'inject_vector', failure }];
    expect(await scripted.next(observation({ protocol, plan, results: { first }, refusals }))).toMatchObject({
      kind: 'claim',
    });
  });

  it('gives up with the complaint when its answer was sent back', async () => {
    expect(await scripted.next(observation({ plan, complaint: 'role vector has 9 components' }))).toEqual({
      kind: 'give-up',
      reason: 'role vector has 9 components',
    });
  });
});
