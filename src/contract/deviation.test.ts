import { expect, it } from 'vitest';
import { deviationsOf, type Step, type StepBody } from './index.ts';

const item = (name: string, tool: string, ...serves: string[]) => ({ name, tool, serves });
const items = [
  item('a', 'sweep_heads', 'N1'),
  item('b', 'rank_heads', 'N1'),
  item('c', 'rank_heads', 'N2'),
  item('d', 'copy_scores', 'N2'),
];
const call = (act: string, tool: string, serves: string[], outcome?: 'result' | 'refusal'): [string, StepBody][] => [
  [act, { kind: 'tool-call', phase: 'search', tool, input: {}, serves, because: 'it had to be' }],
  ...(outcome === undefined ? [] : [[`${act}/${outcome}`, bodyOf(act, outcome)] as [string, StepBody]]),
];
const bodyOf = (act: string, outcome: string): StepBody =>
  (outcome === 'result' ? { kind: 'tool-result', call: act } : { kind: 'refusal', call: act }) as StepBody;
const steps = (...rows: [string, StepBody][][]): Step[] => rows.flat().map(([act, body]) => ({ act, body }) as Step);

it('finds calls that were not planned, other tools and criteria than planned, and what was planned and has no result', () => {
  const found = deviationsOf(
    steps(
      call('gate/search/clean', 'measure_behaviour', [], 'result'),
      [['plan', { kind: 'plan', plan: { intent: 'i', items }, sha256: '0'.repeat(64) }]],
      call('search/01-a', 'sweep_heads', ['N1'], 'result'),
      call('search/02-b', 'attribute_heads', ['N1'], 'result'),
      call('search/03-look', 'recall_memory', [], 'result'),
      call('search/04-c', 'rank_heads', ['N2', 'N5'], 'refusal'),
      call('verify/without', 'ablate_components', [], 'result'),
    ),
  );
  expect(found.map(({ act, name, what }) => [act, name, what])).toEqual([
    ['search/02-b', 'b', 'with attribute_heads, planned with rank_heads'],
    ['search/03-look', 'look', 'not planned (recall_memory)'],
    ['search/04-c', 'c', 'for N5 too, planned for N2'],
    [null, 'c', 'planned with rank_heads, was refused'],
    [null, 'd', 'planned with copy_scores, never made'],
  ]);
  expect(found[1]?.because).toBe('it had to be');
});

it('finds none in a search that kept to its plan', () => {
  const plan: StepBody = { kind: 'plan', plan: { intent: 'i', items: items.slice(0, 1) }, sha256: '0'.repeat(64) };
  expect(deviationsOf(steps([['plan', plan]], call('search/01-a', 'sweep_heads', ['N1'], 'result')))).toEqual([]);
});
