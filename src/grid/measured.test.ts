/** The ranking that a run's verification measured, out of real tensors and rows. */
import { describe, expect, it } from 'vitest';
import type { JsonObject, Step } from '../contract/index.ts';
import { loadProtocol } from '../protocol/index.ts';
import { freshRecord, writeArtifact } from '../store/testing.ts';
import { measuredRanking } from './measured.ts';

const result = (call: string, output: JsonObject, phase: 'search' | 'verify' = 'verify'): Step['body'] => ({
  kind: 'tool-result',
  phase,
  call: `${phase}/${call}`,
  tool: 'sweep_heads',
  output,
  artifacts: [],
});
const rows = (...effects: number[]) => ({
  heads: effects.map((score, head) => ({ component: `a0.h${head}`, score })),
});
const ranked = (ranking: ReadonlyMap<string, number>) =>
  [...ranking].sort(([, a], [, b]) => b - a).map(([component]) => component);

describe('a measured ranking', () => {
  it('is that of the measurement which a list is compared with, made on the held-out half', () => {
    const protocol = loadProtocol('induction-heads');
    const bodies = [
      result('matching', rows(9, 8), 'search'),
      result('another', rows(2, 1)),
      result('matching', rows(1, 2)),
    ];
    expect(ranked(measuredRanking(protocol, bodies, ''))).toEqual(['a0.h1', 'a0.h0']);
    expect(ranked(measuredRanking(undefined, bodies, ''))).toEqual(['a0.h0', 'a0.h1']);
    expect(measuredRanking(protocol, bodies.slice(0, 1), '').size).toBe(0);
  });

  it('is the mean of a tensor over what is no layer and no head', () => {
    const { artifacts } = freshRecord();
    const effects = writeArtifact(artifacts, [1, 2, 3, 4, 5, 6, 3, 2, 1, 0, -1, 0], {
      shape: [2, 2, 3],
      axes: ['prompt', 'layer', 'head'],
    });
    expect([...measuredRanking(undefined, [result('x', { ...rows(1), effects })], artifacts)]).toEqual(
      Object.entries({ 'a0.h0': 2, 'a0.h1': 2, 'a0.h2': 2, 'a1.h0': 2, 'a1.h1': 2, 'a1.h2': 3 }).map(
        ([component, mean]) => [component, expect.closeTo(mean, 6)],
      ),
    );
  });

  it('is of shares where a counterfactual was put in: heads that serve stand first, whichever sign their effect has', () => {
    const { artifacts } = freshRecord();
    const effects = writeArtifact(artifacts, [-2, 0.5, -1, 1], {
      shape: [2, 1, 1, 2],
      axes: ['task', 'prompt', 'layer', 'head'],
    });
    const swept = (counterparts: readonly (number | null)[]) => ({
      effects,
      tasks: [{ baseline: 3 }, { baseline: 1 }],
      contrasts: counterparts.map((counterpart) => ({ counterpart, heads: [] })),
    });
    const ranking = (counterparts: readonly (number | null)[]) => [
      ...measuredRanking(undefined, [result('sweep', swept(counterparts))], artifacts).values(),
    ];
    expect(ranking([-1, -1])).toEqual([expect.closeTo((0.5 + 0.5) / 2, 6), expect.closeTo((-0.125 - 0.5) / 2, 6)]);
    expect(ranking([null, null])).toEqual([expect.closeTo(-1.5, 6), expect.closeTo(0.75, 6)]);
    expect(ranking([3, -1])).toEqual([expect.closeTo(-1.5, 6), expect.closeTo(0.75, 6)]);
  });

  it('takes the size of what has two signs, and of one component its first row', () => {
    const senders = [
      { component: 'a0.h0', effect: -3, strength: 0.5 },
      { component: 'a0.h1', effect: 9, strength: 0.25 },
      { component: 'a0.h0', effect: 1, strength: 0.125 },
    ];
    const ranking = measuredRanking(undefined, [result('paths', { tasks: [{ task: 'x' }], senders })], '');
    expect(Object.fromEntries(ranking)).toEqual({ 'a0.h0': 0.5, 'a0.h1': 0.25 });
  });
});
