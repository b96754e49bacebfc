import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../contract/index.ts';
import { makePaint, reportHtml, resultPage } from '../index.ts';
import { freshHome, recordRun } from '../testing.ts';
import { agreementsOf } from './agreement.ts';
import { tensorsNeeded, viewOf } from './index.ts';
import type { Result } from './trail.ts';

const LAYERS = 4;
const HEADS = 6;

function result(tool: string, artifact: string, input: JsonObject = {}, prompts = 'p'): Result {
  const field = tool === 'sweep_heads' ? 'effects' : 'estimates';
  return {
    act: `search/${artifact}/result`,
    call: `search/${artifact}`,
    phase: 'search',
    tool,
    input: { replace_by: 'mean', source: 'm', positions: [-1], ...input },
    output: { [field]: { sha256: artifact }, receipt: { prompts_sha256: prompts } },
    artifacts: [],
  };
}

/** (task, prompt, layer, head): two tasks of one prompt, whose mean is `value` of the head's place. */
function effects(value: (head: number) => number) {
  const heads = Array.from({ length: LAYERS * HEADS }, (_, head) => value(head));
  return { shape: [2, 1, LAYERS, HEADS], data: [...heads.map((x) => x - 1), ...heads.map((x) => x + 1)] };
}

const tensors = new Map([
  ['exact', effects((head) => head)],
  ['same', effects((head) => head ** 3)],
  ['turned', effects((head) => -head)],
  ['flat', effects(() => 0)],
]);

describe('agreement of estimates with the exact sweep', () => {
  const of = (...results: Result[]) => agreementsOf(results, tensors);
  const exact = result('sweep_heads', 'exact');

  it('is of the means over prompts and tasks', () => {
    const found = of(exact, result('attribute_heads', 'same'), result('attribute_heads', 'turned'));
    expect(found.map((item) => [item.spearman, item.shared, item.top, item.heads])).toEqual([
      [1, 10, 10, 24],
      [-1, 0, 10, 24],
    ]);
    expect(found[0]?.origins).toEqual([
      { act: 'search/same/result', artifact: 'same' },
      { act: 'search/exact/result', artifact: 'exact' },
    ]);
  });

  it('is told whichever ran first, and of each method', () => {
    const found = of(result('attribute_heads', 'same', { method: 'integrated' }), exact);
    expect(found.map(({ method }) => method)).toEqual(['integrated gradients']);
  });

  it('has no correlation where one side has no order', () => {
    expect(of(exact, result('attribute_heads', 'flat'))[0]?.spearman).toBeNull();
  });

  it.each([
    ['prompts', result('attribute_heads', 'same', {}, 'other')],
    ['a source', result('attribute_heads', 'same', { source: 'other' })],
    ['a replacement', result('attribute_heads', 'same', { replace_by: 'zero' })],
    ['positions', result('attribute_heads', 'same', { positions: null })],
    ['an artifact that is gone', result('attribute_heads', 'gone')],
  ])('is not told of other %s', (_, estimate) => {
    expect(of(exact, estimate)).toEqual([]);
  });

  it('asks for the tensors of pairs only', () => {
    const lonely = result('attribute_heads', 'lonely', { replace_by: 'zero' });
    expect([...tensorsNeeded([exact, lonely, result('attribute_heads', 'same')])]).toEqual(['same', 'exact']);
  });

  it('stands on both faces', () => {
    const home = freshHome();
    const run = recordRun(home);
    const bare = viewOf(run, home.record.steps(run.run), new Map());
    const view = { ...bare, agreements: of(exact, result('attribute_heads', 'turned')) };
    const text = 'attribution patching, search half: rank correlation -1 over 24 heads; 0 of the top 10 are the same';
    for (const [face, without] of [
      [resultPage(view, makePaint(0, 200)).join('\n'), resultPage(bare, makePaint(0, 200)).join('\n')],
      [reportHtml(view), reportHtml(bare)],
    ] as const) {
      expect(face).toContain(text);
      expect(face).toContain('search/exact/result');
      expect(without).not.toContain('Estimates against');
    }
  });
});
