/** Each rule on the least search in which it speaks, and none on a search without fault. */
import { describe, expect, it } from 'vitest';
import { observation } from '../fixtures/view.ts';
import { remarksOn } from './rules.ts';

const prompts = (seed: number, variant = 'shuffled') => ({ prompts: { kind: 'in-context', variant, seed } });
const ran = (n: number, tool: string, input: object, output: object = {}) =>
  ({ act: `search/0${n}-x`, tool, input, output }) as never;
const good = {
  a: ran(1, 'sweep_heads', { ...prompts(1), replace_by: 'mean' }),
  b: ran(2, 'sweep_heads', { ...prompts(2), replace_by: 'counterfactual' }),
  without: ran(3, 'ablate_components', prompts(1, 'clean'), { added_loss: 0.8 }),
  injected: ran(4, 'inject_vector', prompts(1, 'zero-shot'), { before: 0.2, best: { accuracy: 0.9 } }),
  control: ran(5, 'inject_vector', prompts(1, 'zero-shot'), { before: 0.2, best: { accuracy: 0.3 } }),
};
const cites = { necessity: ['search/03-x'], sufficiency: ['search/04-x'], specificity: ['search/05-x'] };
const seen = (change: object = {}, plan: string[] = []) => {
  const items = plan.map((name) => ({ name, tool: 'rank_heads', serves: ['N1'] }));
  const results = { ...good, ...change };
  const claim = { roles: { vector: ['a0.h1'] }, settings: {}, statement: 's', cites };
  return remarksOn({ claim, observation: observation({ results, plan: { intent: 'i', items } }) });
};

describe('the reviewer', () => {
  it('has nothing to say of a search without fault', () => {
    expect(seen()).toEqual([]);
  });

  it.each([
    ['no-effect', { without: ran(3, 'ablate_components', {}, { added_loss: 0 }) }, ['search/03-x']],
    ['no-effect', { injected: ran(4, 'inject_vector', {}, { before: 0.4, best: { accuracy: 0.3 } }) }, ['search/04-x']],
    [
      'control-as-strong',
      { control: ran(5, 'inject_vector', prompts(2), { before: 0.2, best: { accuracy: 0.9 } }) },
      ['search/05-x'],
    ],
  ])('asks for one more round where it sees %s', (rule, change, acts) => {
    expect(seen(change)).toContainEqual(expect.objectContaining({ rule, acts, asks: true }));
  });

  it.each([
    ['one-counterfactual', { b: ran(2, 'sweep_heads', { ...prompts(2), replace_by: 'mean' }) }, []],
    ['one-seed', { b: ran(2, 'sweep_heads', { ...prompts(1), replace_by: 'counterfactual' }) }, []],
    ['many-looks', Object.fromEntries([6, 7, 8, 9, 10, 11].map((n) => [`r${n}`, ran(n, 'rank_heads', {})])), []],
    ['plan-not-done', {}, ['never-made']],
  ])('remarks %s and lets the claim pass', (rule, change, plan) => {
    expect(seen(change, plan)).toEqual([expect.objectContaining({ rule, asks: false })]);
  });
});
