/** Budgets against agents that loop, replies that cost, and workers that hang: on real records, a local server, real processes. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Planner } from '../../agents/index.ts';
import { facts } from '../contract/fixtures/facts.ts';
import type { JsonObject, StepBody } from '../contract/index.ts';
import { replay } from '../replay/index.ts';
import { spentOf } from '../store/index.ts';
import { isRunning, withWorker } from '../worker/fixtures/start.ts';
import { CLAIM, LanguageBench, PLAN, TOOL } from './fixtures/language.ts';
import { type Bench, bench, buildTiny, tinyProtocol } from './fixtures/tiny.ts';
import { type NewJob, RecordingToolRunner, runJob } from './index.ts';

describe('a language planner', () => {
  let language: LanguageBench;
  afterEach(() => language.close());
  const MORE = { call: { tool: 'more', input: { of: 'first', list: 'cells' } } };

  it.each([
    ['tokens', { tokens: 2000 }, 'tokens are spent, and 2000 are the limit'],
    ['money', { usd: 0.02 }, 'US dollars are spent, and 0.02 are the limit'],
  ] as const)('that looks for ever is stopped by a budget of %s, at most one turn over it', async (_, budget, says) => {
    language = await LanguageBench.open('anthropic', PLAN, TOOL, ...Array.from({ length: 9 }, () => MORE), CLAIM);
    const steps = await language.act({ budget });
    const [name, limit] = Object.entries(budget)[0] as ['tokens' | 'usd', number];
    expect(language.bodies('gave-up')[0]?.reason).toContain(says);
    const before = steps.findLastIndex(({ body }) => body.kind === 'reply');
    expect(spentOf(steps.slice(0, before))[name]).toBeLessThan(limit);
    expect(spentOf(steps)[name]).toBeGreaterThanOrEqual(limit);
    expect(language.server.seen).toHaveLength(language.bodies('reply').length);
  });
});

it('a worker that ignores the end of the budget is killed, and the call is refused in the record', async () => {
  const recorded: [string, StepBody][] = [];
  const pid = await withWorker(async (worker) => {
    const runner = new RecordingToolRunner({
      phase: 'search',
      recorder: {
        record: (act, body) => recorded.push([act, body]) as never,
        step: () => undefined,
      },
      facts: facts(),
      worker: (_tool, _input, options) => worker.call('hang', {}, options),
      recall: () => ({}),
      callMs: 600_000,
      leftMs: () => 100,
      signal: new AbortController().signal,
      onEvent: () => undefined,
    });
    const began = Date.now();
    const outcome = await runner.call('search/01-a', 'describe_model', {}, { serves: [], because: 'b' });
    expect(outcome).toMatchObject({ kind: 'refusal', failure: { code: 'budget-spent' } });
    expect(Date.now() - began).toBeLessThan(100 + 2 * 2000);
    expect(await worker.exited).toContain('did not heed a cancel');
    return worker.pid;
  });
  expect(isRunning(pid)).toBe(false);
  expect(recorded.map(([act]) => act)).toEqual(['search/01-a', 'search/01-a/refusal']);
});

describe('a job', { timeout: 300_000 }, () => {
  let here: Bench;
  let model: string;
  beforeAll(async () => {
    here = bench();
    model = join(here.folder, 'tiny-llama');
    await buildTiny('llama', model);
  }, 600_000);

  /** Looks at the grid again and again, a little slowly. */
  const endless: Planner = {
    id: 'endless',
    next: async ({ plan, results, refusals }) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const item = { name: 'look', tool: 'recall_memory', serves: ['N1'] };
      if (plan === null) return { kind: 'plan', plan: { intent: 'i', items: [item] } };
      const name = `look${Object.keys(results).length + refusals.length}`;
      return { ...item, kind: 'tool', name, input: {} as JsonObject, because: 'b' };
    },
  };
  const job = (change: Partial<NewJob>): NewJob => ({
    ...here.means,
    finding: tinyProtocol(),
    model,
    planner: endless,
    seed: 1,
    ...change,
  });

  it('of a planner that never ends is inconclusive with the reason, and replays without a clock', async () => {
    const run = await runJob(job({ budget: { wall_s: 2, calls: 200 } }));
    expect(run).toMatchObject({ state: 'sealed', verdict: 'inconclusive' });
    const steps = here.record.steps(run.run);
    const verdict = steps.flatMap(({ body }) => (body.kind === 'verdict' ? [body.verdict] : []))[0];
    expect(verdict?.because).toContain('seconds of wall time are spent, and 2 are the limit');
    const spent = steps.findIndex(({ act }) => act === 'budget/spent-1');
    expect(steps[spent]?.body).toMatchObject({ of: 'wall_s', limit: 2 });
    expect(steps[spent + 1]?.act).toBe('gave-up');
    expect(spentOf(steps.slice(0, spent)).wall_s).toBeLessThan(2.5);
    expect(await replay(run, steps)).toMatchObject({ difference: null, sealed: true });
  });

  it('goes on after a person raised its budget, and charges no pause', async () => {
    const stop = new AbortController();
    const onEvent: NewJob['onEvent'] = (event) => {
      if (event.kind === 'step' && event.step.act === 'search/02-look2/result') stop.abort();
    };
    const stopped = await runJob(job({ budget: { calls: 3 }, signal: stop.signal, onEvent }));
    expect(stopped.state).toBe('cancelled');
    here.record.raiseBudget(stopped.run, { limits: { calls: 5 }, by: 'ada', because: 'more looks' });
    const run = await runJob({ ...here.means, run: stopped.run, model, planner: endless });
    expect(run).toMatchObject({ state: 'sealed', verdict: 'inconclusive' });
    const steps = here.record.steps(run.run);
    const acts = steps.map(({ act }) => act);
    expect(acts).toEqual(expect.arrayContaining(['budget/raised-1', 'resumed/1', 'search/05-look5']));
    expect(acts).not.toContain('search/06-look6');
    expect(steps.find(({ act }) => act === 'gave-up')?.body).toMatchObject({
      reason: 'budget: all 5 tool calls are made, and no claim was handed in',
    });
    expect(await replay(run, steps)).toMatchObject({ difference: null });
  });

  it('with a budget of money and a model without a price is refused before it starts', async () => {
    const unpriced = { ...endless, priced: false };
    await expect(runJob(job({ planner: unpriced, budget: { usd: 2 } }))).rejects.toThrow('nobody here knows what');
  });
});
