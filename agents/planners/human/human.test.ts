/** What a person types, what Tab offers them, and how they are answered; without any model. */
import { describe, expect, it } from 'vitest';
import { ask } from '../../ask.ts';
import { observation } from '../../fixtures/view.ts';
import type { Observation, Planner } from '../../ports.ts';
import { completions } from './complete.ts';
import { requestOf } from './decide.ts';
import { human } from './index.ts';

const sha = 'b'.repeat(64);
const artifact = {
  sha256: sha,
  kind: 'head-effects',
  dtype: 'float32',
  shape: [2, 4],
  axes: ['layer', 'head'],
  unit: 'logits',
};
const heads = [
  { component: 'a1.h2', effect: 0.3 },
  { component: 'a0.h1', effect: 0.2 },
];
const first = { act: 'search/01-first', tool: 'rank_heads', output: { heads, average: artifact } };
const plan = { intent: 'i', items: [{ name: 'second', tool: 'inject_vector', serves: ['N1'] }] };
const seen = observation({ plan, results: { first } as never });

describe('a line', () => {
  it.each([
    [
      'plan intent="as published" first=rank_heads:N1,N2 second=inject_vector',
      'plan',
      {
        intent: 'as published',
        items: [
          { name: 'first', tool: 'rank_heads', serves: ['N1', 'N2'] },
          { name: 'second', tool: 'inject_vector', serves: [] },
        ],
      },
    ],
    [
      'rank_heads name=again because="a = \\"b\\", c" sweep=$first.average.sha256 top=3',
      'rank_heads',
      {
        name: 'again',
        because: 'a = "b", c',
        serves: [],
        input: { sweep: { $from: 'first.average.sha256' }, top: 3 },
      },
    ],
    [
      'inject_vector components=a1.h2,a0.h1 layers=null scales=1,2.5 prompts.kind=in-context prompts.seed=$seed prompts.tasks=antonym',
      'inject_vector',
      {
        name: 'second',
        because: '',
        serves: ['N1'],
        input: {
          components: ['a1.h2', 'a0.h1'],
          layers: null,
          scales: [1, 2.5],
          prompts: { kind: 'in-context', seed: { $run: 'seed' }, tasks: ['antonym'] },
        },
      },
    ],
    ['more first heads from=12', 'more', { of: 'first', list: 'heads', from: 12 }],
    ['give_up nothing is there, "really"', 'give_up', { reason: 'nothing is there, "really"' }],
    [
      'claim vector=$strong layer=2 necessity=first statement="s"',
      'claim',
      {
        roles: { vector: { $from: 'strong' } },
        settings: { layer: 2 },
        statement: 's',
        cites: { necessity: ['search/01-first'] },
      },
    ],
    [
      '{"kind": "tool", "tool": "inject_vector", "name": "x", "serves": [], "because": "b", "input": {"scales": [1]}}',
      'inject_vector',
      { name: 'x', serves: [], because: 'b', input: { scales: [1] } },
    ],
    ['{"kind": "give-up", "reason": "r"}', 'give_up', { reason: 'r' }],
  ])('%s', (line, name, input) => {
    expect(requestOf(line, seen)).toEqual({ name, input });
  });

  it('takes a name of its own where the one of the tool is taken', () => {
    const taken = observation({ results: { 'rank-heads': first } as never });
    expect(requestOf('rank_heads', taken).input).toMatchObject({ name: 'rank-heads-2' });
  });
});

describe('Tab', () => {
  it.each([
    ['pl', 'plan'],
    ['sweep', 'sweep_heads'],
    ['tools copy', 'copy_scores'],
    ['plan intent="x" fir', 'first=rank_heads:N1'],
    ['rank_heads sw', 'sweep='],
    ['rank_heads sweep=$fir', 'sweep=$first.average.sha256'],
    ['attention_scores prompts.k', 'prompts.kind='],
    ['attention_scores prompts.kind=rep', 'prompts.kind=repeated-tokens'],
    ['attention_scores prompts.seed=$', 'prompts.seed=$seed'],
    ['attention_scores pattern=ind', 'pattern=induction'],
    ['inject_vector serves=', 'serves=N1'],
    ['inject_vector components=a1.h2,a0', 'components=a1.h2,a0.h1'],
    ['inject_vector components=$first.h', 'components=$first.heads[].component'],
    ['more fi', 'first'],
    ['more first he', 'heads'],
    ['claim ve', 'vector='],
    ['claim vector=$st', 'vector=$strong'],
    ['claim lay', 'layer='],
    ['claim nec', 'necessity='],
    ['claim necessity=f', 'necessity=first'],
  ])('after `%s` offers %s', (line, offer) => {
    const [offers, word] = completions(line, seen);
    expect(offers).toContain(offer);
    for (const one of offers) expect(one.startsWith(word)).toBe(true);
  });

  it('offers nothing for what it does not know', () => {
    for (const line of ['nothing x', 'constructor a=', 'more nothing he'])
      expect(completions(line, seen)[0].filter((one) => !/^(from|count|largest|where)=/.test(one))).toEqual([]);
  });
});

/** A person with these lines; `said` is what they were told. */
function typing(...lines: string[]): { planner: Planner; said: string[] } {
  const said: string[] = [];
  const planner = human({
    check: () => undefined,
    show: (text) => void said.push(text),
    ask: async () => lines.shift() ?? null,
  });
  return { planner, said };
}

const purse = { calls: undefined, spent: () => null };
const put = (planner: Planner, about: Observation) =>
  ask(
    {
      planner,
      recorder: { record: () => null as never, steps: () => [] },
      purse,
      signal: new AbortController().signal,
    },
    { question: 'search/01', observation: about, wanted: ['tool', 'claim'] },
  );

describe('a person', () => {
  it('may be wrong as often as they like; every mistake is told in words', async () => {
    const wrong = [
      '',
      '# a note',
      'help',
      'tools rank_heads',
      'more first heads',
      'rank_heads sweep=$nothing.there',
      'rank_heads sweep',
      'rank_haeds',
      'rank_heads top=[1',
      '{"kind": "dance"}',
      'plan intent="late" a=rank_heads',
      '__proto__.x=1',
      'rank_heads __proto__.x=1',
    ];
    const { planner, said } = typing(...wrong, 'rank_heads sweep=$first.average.sha256');
    expect(await put(planner, seen)).toMatchObject({ kind: 'tool', tool: 'rank_heads', input: { sweep: sha } });
    const told = said.filter((text) => text.startsWith('Not taken: '));
    expect(told).toHaveLength(8);
    for (const reason of [
      'nothing.there',
      '`sweep`',
      'rank_haeds',
      'JSON',
      'none of plan',
      'a plan is not wanted now',
      '__proto__',
    ])
      expect(told.join('\n')).toContain(reason);
    expect(said.join('\n')).toContain('sweep: string');
    expect(said.join('\n')).toContain('first.heads: rows 0 to 1 of 2');
  });

  it('sees results as language models do, without their markup, and nothing that could move the cursor', async () => {
    const attack = { ...first, output: { note: 'a <b> & \u001b[2J\u202e </data>' } };
    const { planner, said } = typing('give_up enough');
    await put(planner, observation({ plan, results: { first: attack } as never }));
    const text = said.join('\n');
    expect(text).toContain('first = rank_heads, cite search/01-first');
    expect(text).toContain('a <b> & \\u{1b}[2J\\u{202e} </data>');
    expect(text).not.toContain('<data kind=');
    for (const unseen of ['\u001b', '\u202e']) expect(text).not.toContain(unseen);
  });

  it('leaves a run that can be gone on with', async () => {
    for (const { planner } of [typing(), typing('quit')])
      await expect(put(planner, seen)).rejects.toMatchObject({ failure: { code: 'left' } });
  });
});
