/** The agent's graph on a real record, with the one tool that needs no worker. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { view } from '../../agents/fixtures/view.ts';
import { type AgentView, type Planner, runAgent } from '../../agents/index.ts';
import { check } from '../../evals/checkers/index.ts';
import { facts } from '../contract/fixtures/facts.ts';
import { hashOf, type JsonObject, type Step } from '../contract/index.ts';
import { openRecord, type RunRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { withCheckpoints } from './checkpoints.ts';
import { RunPurse } from './purse.ts';
import { RunRecorder } from './recorder.ts';
import { RecordingToolRunner } from './tool-runner.ts';

let folder: string;
let record: RunRecord;
let run: string;

beforeEach(() => {
  folder = temporaryFolder();
  record = openRecord(join(folder, 'runs.db'));
  const protocol = { finding: 'tiny-memory' };
  run = record.createRun({
    finding: 'tiny-memory',
    model: 'tiny',
    planner: 'test',
    seed: 1,
    protocol,
    protocol_sha256: hashOf(protocol),
  }).run;
});
afterEach(() => record.close());

const memory = view({ procedure: [{ name: 'first', tool: 'recall_memory', input: { limit: 2 }, serves: [] }] });
const plan = { kind: 'plan', plan: { intent: 'i', items: [{ name: 'first', tool: 'recall_memory', serves: ['N1'] }] } };
const tool = (name: string, input: JsonObject = {}, which = 'recall_memory') => ({
  kind: 'tool',
  name,
  tool: which,
  input,
  serves: [],
  because: 'b',
});
const claim = (...cites: string[]) => ({
  kind: 'claim',
  claim: { roles: { vector: ['a0.h1'] }, settings: { layer: 0 }, statement: 's', cites: { mechanism: cites } },
});

/** Answers by the number of outcomes that it is shown, so that it may be asked again after a crash. */
function planner(answers: unknown[]): Planner & { asked: number } {
  return {
    id: 'test',
    asked: 0,
    async next({ plan, results, refusals }) {
      this.asked++;
      const outcomes = Object.keys(results).filter((name) => name !== 'clean').length + refusals.length;
      return plan === null ? answers[0] : answers[Math.min(outcomes + 1, answers.length - 1)];
    },
  };
}

async function act(
  by: Planner,
  onStep: (step: Step) => void = () => undefined,
  shown: AgentView = memory,
): Promise<Step[]> {
  const onEvent = (event: { kind: string; step?: Step }): void => void (event.step && onStep(event.step));
  const recorder = new RunRecorder({ record, run, onEvent, faultPoint: () => undefined, workerPid: () => undefined });
  const worker = (): never => {
    throw new Error('no worker here');
  };
  const recall = (): JsonObject => ({ cells: [] });
  const { signal } = new AbortController();
  const tools = new RecordingToolRunner({
    phase: 'search',
    recorder,
    facts: facts(),
    worker,
    recall,
    callMs: 1,
    signal,
    onEvent,
  });
  const judgeGate = (values: JsonObject, unmeasured: Record<string, string>) =>
    check(shown.gate.criterion, { values, unmeasured, references: {} });
  const purse = new RunPurse(recorder, Date.now);
  const ports = { planner: by, tools, recorder, purse, judgeGate, view: shown, facts: facts(), seed: 1, signal };
  await withCheckpoints(join(folder, 'checkpoints.db'), (checkpointer) =>
    runAgent(ports, { thread: run, checkpointer }),
  );
  return record.steps(run);
}

const acts = (steps: readonly Step[]): string[] => steps.map((step) => step.act);
const whole = [
  'facts/search',
  'gate/search/clean',
  'gate/search/clean/result',
  'gate/search',
  'plan',
  'search/01-first',
  'search/01-first/result',
  'review',
  'claim',
];

describe('the agent', () => {
  it('reads, passes the gate, seals its plan before any act of the search, acts and claims', async () => {
    const steps = await act(planner([plan, tool('first'), claim('search/01-first')]));
    expect(acts(steps)).toEqual(whole);
    const call = steps.find((step) => step.act === 'search/01-first')?.body;
    expect(call).toMatchObject({ input: { limit: 10 } });
    const sealed = steps.find((step) => step.act === 'plan')?.body;
    expect(sealed).toMatchObject({ sha256: hashOf(plan.plan) });
  });

  it('ends without a plan below the gate', async () => {
    const gate = {
      ...memory.gate,
      criterion: { ...memory.gate.criterion, threshold: { value: 1 } },
    } as AgentView['gate'];
    const steps = await act(planner([plan]), undefined, { ...memory, gate });
    expect(acts(steps).slice(-1)).toEqual(['gate/search']);
  });

  it('gives up where the gate cannot be measured', async () => {
    const measure = [{ name: 'clean', tool: 'recall_memory', input: { limit: 0 }, serves: [] }];
    const steps = await act(planner([plan]), undefined, { ...memory, gate: { ...memory.gate, measure } });
    expect(steps.at(-1)?.body).toMatchObject({
      kind: 'gave-up',
      reason: expect.stringContaining('the gate could not be measured'),
    });
  });

  it('feeds refusals of unknown tools and bad inputs back, and goes on', async () => {
    const steps = await act(
      planner([plan, tool('a', {}, 'recall_memry'), tool('b', { limit: 'all' }), tool('c'), claim('search/03-c')]),
    );
    expect(acts(steps).filter((name) => name.startsWith('search/'))).toEqual([
      'search/01-a',
      'search/01-a/refusal',
      'search/02-b',
      'search/02-b/refusal',
      'search/03-c',
      'search/03-c/result',
    ]);
    expect(steps.find((step) => step.act === 'search/01-a/refusal')?.body).toMatchObject({
      failure: { instead: expect.stringContaining('recall_memory') },
    });
    expect(steps.find((step) => step.act === 'search/02-b/refusal')?.body).toMatchObject({
      failure: { why: expect.stringContaining('limit') },
    });
  });

  it('does not seal a claim that cites what never happened', async () => {
    const lying = planner([plan, claim('search/01-first')]);
    const steps = await act(lying);
    expect(steps.at(-1)?.body).toMatchObject({
      kind: 'gave-up',
      reason: expect.stringContaining('search/01-first, cited for mechanism, is not an act of this run'),
    });
    expect(acts(steps)).not.toContain('claim');
  });

  it('stops a planner that never ends after three times the procedure', async () => {
    let n = 0;
    const endless: Planner = {
      id: 'test',
      next: async ({ plan: sealed }) => (sealed === null ? plan : tool(`again${++n}`)),
    };
    const steps = await act(endless);
    expect(steps.filter(({ body }) => body.kind === 'tool-call' && body.because === 'b')).toHaveLength(3);
    expect(steps.at(-1)?.body).toMatchObject({ kind: 'gave-up', reason: expect.stringContaining('budget') });
  });

  it('gives up on a planner that answers nonsense', async () => {
    const steps = await act({ id: 'test', next: async () => 'sure, let me patch all heads' });
    expect(steps.at(-1)?.body).toMatchObject({
      kind: 'gave-up',
      reason: expect.stringContaining('no valid action after 3 repairs'),
    });
  });
});

describe('an agent that was cut off', () => {
  const answers = [plan, tool('first'), claim('search/01-first')];
  const stopAt = (name: string) => (step: Step) => {
    if (step.act === name) throw new Error('cut');
  };
  const change = (sql: string) => {
    const db = new Database(join(folder, 'checkpoints.db'));
    db.exec(sql);
    db.close();
  };

  it.each(whole)('after %s it goes on to the same record', async (name) => {
    await act(planner(answers), stopAt(name)).catch((error: Error) => expect(error.message).toBe('cut'));
    expect(acts(await act(planner(answers)))).toEqual(whole);
  });

  it.each([
    ['is missing', 'DELETE FROM checkpoints; DELETE FROM writes'],
    ['cannot be read', "UPDATE checkpoints SET checkpoint = 'x'"],
    [
      'is of another graph',
      `UPDATE checkpoints SET checkpoint = replace(CAST(checkpoint AS TEXT), '"version":2', '"version":0')`,
    ],
    [
      'names a node that is gone',
      `UPDATE checkpoints SET checkpoint = replace(CAST(checkpoint AS TEXT), 'branch:to:', 'branch:to:old-')`,
    ],
  ])('goes on where the checkpoint %s', async (_, sql) => {
    await act(planner(answers), stopAt('search/01-first')).catch(() => undefined);
    change(sql);
    expect(acts(await act(planner(answers)))).toEqual(whole);
  });

  it('lets the record win over a checkpoint that is ahead of it', async () => {
    await act(planner(answers), stopAt('search/01-first/result')).catch(() => undefined);
    const ahead = record;
    record = openRecord(join(folder, 'older.db'));
    const older = {
      finding: 'tiny-memory',
      model: 'tiny',
      planner: 'test',
      seed: 1,
      protocol: {},
      protocol_sha256: hashOf({}),
    };
    record.createRun({ ...older, run });
    expect(acts(await act(planner(answers)))).toEqual(whole);
    ahead.close();
  });

  it('makes the recorded call, not the one a planner would ask for now', async () => {
    await act(planner(answers), stopAt('search/01-first')).catch(() => undefined);
    const other = planner([plan, tool('other'), claim('search/01-first')]);
    expect(acts(await act(other))).toEqual(whole);
    expect(other.asked).toBe(1);
  });
});
