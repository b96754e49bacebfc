/** Pooling: what several runs say together, and what makes them say it no longer. */
import { describe, expect, it } from 'vitest';
import type { PublishedCell, RunEvidence, VerdictName } from '../contract/index.ts';
import { pool } from './pool.ts';
import { overlapOf, wilson } from './statistics.ts';

const [OLD, NEW, WEIGHTS] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
const now = {
  protocols: new Map([['induction-heads', NEW]]),
  weights: new Map([['toy', WEIGHTS]]),
  revisions: new Map([['hub', '1'.repeat(40)]]),
  worker: '0.2.0',
};

let made = 0;
function run(verdict: VerdictName, heads: string[] = [], change: Partial<RunEvidence> = {}): RunEvidence {
  made++;
  return {
    run: `R${String(made).padStart(3, '0')}`,
    behaviour: 'repeated-random-tokens',
    finding: 'induction-heads',
    model: 'toy',
    organism: true,
    planner: 'scripted',
    seed: made,
    protocol_sha256: NEW,
    weights_sha256: WEIGHTS,
    revision: null,
    versions: { worker: '0.2.0' },
    all_heads: 64,
    claim: heads.length === 0 ? null : { roles: { induction: heads }, settings: {}, statement: '', cites: [] },
    verdict: { verdict, because: '', gate: null, criteria: [] },
    null_thresholds: {},
    artifacts: [],
    ended_at: `2026-01-01T00:00:${String(made).padStart(2, '0')}.000Z`,
    withdrawn: null,
    rests_on: [],
    journal: [],
    ...change,
  };
}
const cells = (runs: readonly RunEvidence[], published: PublishedCell[] = []) =>
  pool(
    runs.map((evidence) => ({ evidence, signed_by: null })),
    published,
    now,
  );

describe('numbers', () => {
  it("Wilson's interval is that of the textbooks", () => {
    expect(wilson(8, 10)).toEqual({ low: expect.closeTo(0.4902, 4), high: expect.closeTo(0.9433, 4) });
    expect(wilson(0, 10)).toEqual({ low: 0, high: expect.closeTo(0.2775, 4) });
    expect(wilson(10, 10)).toEqual({ low: expect.closeTo(0.7225, 4), high: 1 });
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('overlap is held against chance', () => {
    expect(overlapOf(['a', 'b', 'c', 'd'], ['b', 'a', 'x'], 20)).toEqual({
      shared: 2,
      of: 3,
      by_chance: 0.6,
      p: expect.closeTo((6 * 16 + 4) / 1140, 12),
    });
    expect(overlapOf(['a', 'b'], ['c'], 2).p).toBe(1);
  });
});

describe('a cell', () => {
  it('counts verdicts, takes the most frequent, and gives the share reproduced with its interval', () => {
    const [cell] = cells([run('reproduced'), run('partial'), run('reproduced'), run('not-reproduced')]);
    expect(cell).toMatchObject({ verdict: 'reproduced', runs: 4, agreeing: 2, stale: [], left_out: [] });
    expect(cell?.verdicts).toEqual({ reproduced: 2, partial: 1, 'not-reproduced': 1 });
    expect(cell?.share).toEqual({ reproduced: 2, of: 4, ...wilson(2, 4) });
    // What was not measured is no failure.
    const unmeasured = cells([run('inconclusive'), run('reproduced')])[0];
    expect(unmeasured).toMatchObject({ runs: 2, share: { reproduced: 1, of: 1 } });
    expect(cells([run('inconclusive')])[0]?.share).toEqual({ reproduced: 0, of: 0, low: 0, high: 1 });
    expect(cells([run('partial'), run('reproduced')])[0]?.verdict).toBe('reproduced');
    expect(cells([run('reproduced'), run('partial')])[0]?.verdict).toBe('partial');
  });

  it('says how far its claims agree, over all pairs', () => {
    const same = ['a1.h0', 'a1.h1'];
    expect(cells([run('reproduced', same)])[0]?.agreement).toBeNull();
    const [cell] = cells([run('reproduced', same), run('reproduced', same), run('reproduced', ['a1.h1', 'a2.h0'])]);
    expect(cell?.agreement).toEqual({
      pairs: 3,
      share: expect.closeTo((1 + 0.5 + 0.5) / 3, 12),
      by_chance: expect.closeTo(2 / 64, 12),
      p: expect.closeTo(1 - (62 * 61) / (64 * 63), 12),
    });
  });

  it('puts every control set in the place of the claim', () => {
    const criterion = (null_values: number[], weight: 'core' | 'flag' = 'core') => ({
      id: weight === 'flag' ? 'F1' : 'N2',
      says: '',
      weight,
      status: 'pass' as const,
      measured: 1,
      threshold: '',
      reason: '',
      null_values,
      parts: {},
      note: '',
    });
    const of = (values: number[], threshold: number) =>
      run('reproduced', [], {
        null_thresholds: { N2: threshold, F1: 0 },
        verdict: {
          verdict: 'reproduced',
          because: '',
          gate: null,
          criteria: [criterion(values), criterion(values, 'flag')],
        },
      });
    expect(cells([of([0.1, 0.2, 0.5], 0.15), of([0.1, 0.2, 0.3], 0.15)])[0]?.nulls).toEqual([
      { criterion: 'N2', passing: 1, of: 6, ...wilson(1, 6) },
    ]);
    expect(cells([of([0.1, 0.2, 0.2], 0)])[0]?.nulls[0]).toMatchObject({ passing: 0, of: 3 });
    expect(cells([of([0.3], 0)])[0]?.nulls).toEqual([]);
  });

  it('is held against a published list of its own model, cut to the length of the claim', () => {
    const source = {
      paper: 'P',
      arxiv: null,
      repository: 'r/r',
      commit: 'c0ffee',
      file: 'f',
      sha256: OLD,
      verified: true,
    };
    const list = (card: string, effects: (number | null)[]): PublishedCell => ({
      behaviour: 'repeated-random-tokens',
      finding: 'induction-heads',
      model: 'x/y',
      card,
      source,
      figures: {
        kind: 'ranking',
        role: 'induction',
        unit: '',
        heads: effects.map((effect, i) => ({ component: `a0.h${i}`, effect })),
      },
    });
    const claim = run('reproduced', ['a0.h0', 'a0.h3']);
    const [cell] = cells([claim], [list('toy', [0.3, 0.2, 0.1, 0.05]), list('other', [0.3])]);
    expect(cell?.published).toEqual([
      {
        run: claim.run,
        source: 'r/r c0ffee',
        role: 'induction',
        ...overlapOf(['a0.h0', 'a0.h3'], ['a0.h0', 'a0.h1'], 64),
      },
    ]);
    const twice = run('reproduced', [], {
      claim: { roles: { one: ['a0.h0'], two: ['a0.h0', 'a0.h2'] }, settings: {}, statement: '', cites: [] },
    });
    expect(cells([twice], [list('toy', [0.3, 0.2, 0.1, 0.05])])[0]?.published[0]).toMatchObject({ shared: 1, of: 2 });
    expect(cells([claim], [list('toy', [null, null, null, null])])[0]?.published[0]).toMatchObject({
      shared: 2,
      of: 2,
    });
  });
});

describe('what no longer holds', () => {
  it.each<[string, Partial<RunEvidence>, RegExp]>([
    ['protocol', { protocol_sha256: OLD }, /its protocol has changed/],
    ['weights', { weights_sha256: OLD }, /the weights of the model have changed/],
    ['engine', { versions: { worker: '0.1.0' } }, /the engine was of worker 0.1.0 and is of 0.2.0/],
    ['revision', { model: 'hub', revision: '2'.repeat(40) }, /the card pins another revision/],
    ['finding', { finding: 'gone' }, /its finding is not among ours/],
  ])('another %s makes a cell stale, and never empties it', (_name, change, why) => {
    const [cell] = cells([run('reproduced', [], change)]);
    expect(cell).toMatchObject({ verdict: 'reproduced', runs: 1 });
    expect(cell?.stale.join()).toMatch(why);
  });

  it('is left out as long as a run is left that holds', () => {
    const old = run('reproduced', [], { protocol_sha256: OLD });
    const [cell] = cells([old, run('not-reproduced')]);
    expect(cell).toMatchObject({ verdict: 'not-reproduced', runs: 1, stale: [] });
    expect(cell?.left_out).toEqual([{ run: old.run, because: 'its protocol has changed since' }]);
  });

  it('a withdrawn run counts no more, and what rests on it at any distance is stale', () => {
    const gone = run('reproduced', [], { model: 'first', withdrawn: 'the prompts were wrong' });
    const told = run('reproduced', [], { model: 'second', rests_on: [gone.run] });
    const further = run('partial', [], { model: 'third', rests_on: [told.run] });
    const apart = run('partial', [], { model: 'toy' });
    const [first, second, third, toy] = cells([gone, told, further, apart]);
    expect(first).toMatchObject({ verdict: null, runs: 0, withdrawn: [{ because: 'the prompts were wrong' }] });
    for (const cell of [second, third])
      expect(cell?.stale).toEqual([`it rests on run ${gone.run}, which was withdrawn`]);
    expect(toy?.stale).toEqual([]);
  });
});
