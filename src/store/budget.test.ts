/** What is counted as spent, and who may raise a limit. */
import { describe, expect, it } from 'vitest';
import type { Step, StepBody } from '../contract/index.ts';
import { limitsOf, spentOf } from './index.ts';
import { freshRecord, opened, openRun } from './testing.ts';

const usage = { input: 10, cache_read: 20, cache_write_5m: 0, cache_write_1h: 0, output: 5 };
const call: StepBody = { kind: 'tool-call', phase: 'search', tool: 't', input: {}, serves: [], because: '' };
const result: StepBody = { kind: 'tool-result', phase: 'search', call: 'a', tool: 't', output: {}, artifacts: [] };
const said = { turn: 'turn/001', content: [], stop_reason: 's', model: 'm', id: 'i', usage };
const reply = (usd: number | null): StepBody => ({ kind: 'reply', ...said, usd });
const failed = { kind: 'failed-reply', turn: 'turn/001', usage: null, usd: null } as unknown as StepBody;
const steps = (...rows: [second: number, act: string, body: StepBody][]): Step[] =>
  rows.map(([second, act, body]) => ({ act, body, at: new Date(second * 1000).toISOString() }) as Step);
const open = { kind: 'opened', budget: { wall_s: 9, calls: 4 } } as unknown as StepBody;

describe('what was spent', () => {
  it('is time between steps, of calls for the device, and none of a pause', () => {
    const made = steps(
      [0, 'opened', open],
      [1, 'search/01-a', call],
      [4, 'search/01-a/result', result],
      [5, 'search/02-b', call],
      [1000, 'resumed/1', { kind: 'resumed' }],
      [1002, 'search/02-b/result', result],
    );
    expect(spentOf(made)).toEqual({ calls: 2, tokens: 0, usd: 0, device_s: 5, wall_s: 7 });
    expect(spentOf(made, 1_003_500)).toMatchObject({ device_s: 5, wall_s: 8.5 });
  });

  it('ends with the agent: the verification is not charged', () => {
    const gaveUp = { kind: 'gave-up', reason: 'r' } as const;
    const made = steps(
      [0, 'opened', open],
      [2, 'gave-up', gaveUp],
      [50, 'verify/m', call],
      [90, 'verify/m/result', result],
    );
    expect(spentOf(made, 1e9)).toMatchObject({ wall_s: 2, device_s: 0 });
  });

  it('does not run backwards when a clock is set', () => {
    expect(
      spentOf(steps([50, 'opened', open], [3, 'search/01-a', call], [5, 'search/01-a/result', result])),
    ).toMatchObject({
      wall_s: 2,
    });
  });

  it('counts a request of unknown cost as the reply that came in its place, and keeps a cost unknown', () => {
    const twice = steps([0, 'turn/001/failed-1', failed], [0, 'turn/001/reply', reply(0.5)]);
    expect(spentOf(twice)).toMatchObject({ tokens: 70, usd: 1 });
    expect(spentOf(steps([0, 'turn/001/reply', reply(null)]))).toMatchObject({ tokens: 35, usd: null });
  });
});

describe('raising a limit', () => {
  const stopped = () => {
    const { record } = freshRecord();
    const { run } = openRun(record);
    record.append(run, 'opened', { ...opened(record.findRun(run)), budget: { wall_s: 10, calls: 4 } } as StepBody);
    record.end(run, 'cancelled', 'It was stopped by a signal.');
    return { record, run };
  };
  const by = { by: 'ada', because: 'the model is larger than I thought' };

  it('is a step of the run with the person and the reason; the run stays as it was', () => {
    const { record, run } = stopped();
    const before = record.findRun(run);
    record.raiseBudget(run, { limits: { wall_s: 20 }, ...by });
    record.raiseBudget(run, { limits: { wall_s: 30 }, ...by });
    expect(limitsOf(record.steps(run))).toEqual({ wall_s: 30, calls: 4 });
    expect(record.step(run, 'budget/raised-2')?.body).toEqual({ kind: 'budget-raised', limits: { wall_s: 30 }, ...by });
    const { state, ended_at, note } = record.findRun(run);
    expect({ state, ended_at, note }).toEqual({ state: 'cancelled', ended_at: before.ended_at, note: before.note });
    record.close();
  });

  it('is refused for a limit that is lower or that the run has not, after the agent ended, and while a process works', () => {
    const { record, run } = stopped();
    const raise = (limits: object) => () => record.raiseBudget(run, { limits, ...by });
    expect(raise({ wall_s: 10 })).toThrow('its limit of wall_s is 10 already');
    expect(raise({ usd: 3 })).toThrow('it has no limit of usd');
    record.acquire(run, { pid: 1 });
    expect(raise({ wall_s: 20 })).toThrow('process 1 is working on it');
    record.release(run, { pid: 1 });
    record.reopen(run);
    record.append(run, 'gave-up', { kind: 'gave-up', reason: 'r' });
    expect(raise({ wall_s: 20 })).toThrow('its agent ended with `gave-up`');
    expect(record.steps(run).map(({ act }) => act)).toEqual(['opened', 'gave-up']);
    record.close();
  });
});
