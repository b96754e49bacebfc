/** The evidence gate, on the evidence that the two published findings ask for. */
import { describe, expect, it } from 'vitest';
import type { EvidenceAsked } from '../src/contract/index.ts';
import { evidenceProblems } from './evidence-problems.ts';
import { observation, view } from './fixtures/view.ts';

const on = (...components: string[]) => ({ components });
const evidence: EvidenceAsked[] = [
  {
    kind: 'necessity',
    says: 'they are replaced',
    given_by: [{ tool: 'ablate_components', where: {}, components: 'input.components', are: 'claimed' }],
  },
  {
    kind: 'specificity',
    says: 'a control',
    given_by: [
      { tool: 'inject_vector', where: { vector: 'other-task' }, components: 'input.components', are: 'claimed' },
      { tool: 'ablate_components', where: {}, components: 'input.components', are: 'others' },
    ],
  },
  {
    kind: 'mechanism',
    says: 'they look',
    given_by: [{ tool: 'attention_scores', where: {}, components: 'output.heads[].component', are: 'with-claimed' }],
  },
];
const heads = ['a0.h1', 'a1.h2', 'a1.h3'].map((component) => ({ component, score: 0.5 }));
const ran = (act: string, tool: string, input: object, output: object = {}) => ({ act, tool, input, output }) as never;
const results = {
  scores: ran('search/01-scores', 'attention_scores', {}, { heads }),
  without: ran('search/02-without', 'ablate_components', on('a0.h1', 'a1.h2')),
  one: ran('search/03-one', 'ablate_components', on('a0.h1')),
  many: ran('search/04-many', 'ablate_components', on('a0.h1', 'a1.h2', 'a1.h3')),
  others: ran('search/05-others', 'ablate_components', on('a0.h0', 'a1.h0')),
  few: ran('search/06-few', 'ablate_components', on('a0.h0')),
  own: ran('search/07-own', 'inject_vector', { ...on('a0.h1', 'a1.h2'), vector: 'own-task' }),
  other: ran('search/08-other', 'inject_vector', { ...on('a0.h1', 'a1.h2'), vector: 'other-task' }),
};
const failure = { kind: 'refusal' as const, code: 'c', what: 'w', why: 'y', instead: 'i' };
const refusals = [{ act: 'search/09-refused', name: 'refused', tool: 'ablate_components', failure }];
const good = {
  necessity: ['search/02-without'],
  specificity: ['search/05-others'],
  mechanism: ['search/01-scores'],
};
const problems = (change: object, roles = { vector: ['a0.h1', 'a1.h2'] }) =>
  evidenceProblems(
    { roles, settings: {}, statement: 's', cites: { ...good, ...change } },
    observation({ protocol: view({ evidence }), results, refusals }),
  );

describe('the evidence gate', () => {
  it('lets pass a claim with an experiment on its components for every kind', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ specificity: ['search/08-other', 'search/05-others'] })).toEqual([]);
  });

  it.each([
    ['a kind without a citation', { necessity: undefined }, 'no act is cited for necessity (they are replaced)'],
    ['an act of another run', { necessity: ['01JD/search/02-without'] }, 'is not an act of this run'],
    ['an act that never was', { necessity: ['search/10-dreamt'] }, 'is not an act of this run'],
    ['a refused act', { necessity: ['search/09-refused'] }, 'was refused and has no result'],
    ['a tool that cannot give it', { necessity: ['search/01-scores'] }, 'attention_scores cannot give it'],
    ['a part of the claimed components', { necessity: ['search/03-one'] }, 'was not made on a1.h2'],
    ['more than the claimed components', { necessity: ['search/04-many'] }, 'on 1 components more than are claimed'],
    ['a control on the claimed ones', { specificity: ['search/02-without'] }, 'has to be made on others'],
    ['a control on fewer', { specificity: ['search/06-few'] }, 'made on 1 components, and 2 are claimed'],
    ['another setting', { specificity: ['search/07-own'] }, 'its vector is "own-task" and has to be "other-task"'],
    ['good evidence beside bad', { necessity: ['search/02-without', 'search/03-one'] }, 'search/03-one is no evidence'],
  ])('refuses %s', (_, change, says) => {
    const found = problems(change);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(says);
  });

  it('asks for the components of one role alone where it names one', () => {
    const of = (role: string): EvidenceAsked[] =>
      evidence.map((one) => ({ ...one, given_by: one.given_by.map((giver) => ({ ...giver, role })) }));
    const claim = {
      roles: { vector: ['a0.h1', 'a1.h2'], other: ['a1.h3'] },
      settings: {},
      statement: 's',
      cites: good,
    };
    const found = (role: string) =>
      evidenceProblems(claim, observation({ protocol: view({ evidence: of(role) }), results, refusals }));
    expect(found('vector')).toEqual([]);
    expect(found('other').join('; ')).toContain('search/02-without is no evidence of necessity');
  });

  it('refuses a true citation for components other than those it was made on', () => {
    expect(problems({}, { vector: ['a0.h2'] }).join('; ')).toContain('was not made on a0.h2');
  });
});
