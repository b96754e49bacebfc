/** Replay: every committed trajectory comes out again, offline, and a change is reported at its step. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Step } from '../contract/index.ts';
import { root } from '../root.ts';
import { readTrajectory } from '../store/index.ts';
import { chained } from './fixtures/chained.ts';
import { replay } from './index.ts';

const folder = join(root, 'evals/trajectories');
const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
const trajectory = (name: string) => readTrajectory(readFileSync(join(folder, name), 'utf8'));

test.each(names)('%s is decided again as it is recorded', async (name) => {
  const { run, steps } = trajectory(name);
  const replayed = await replay(run, steps);
  expect(replayed.difference).toBeNull();
  expect(replayed).toMatchObject({ sealed: true, steps: steps.length, of: steps.length });
});

test('a language planner and its reviewer are replayed from their recorded replies, one more round included', async () => {
  const { run, steps } = trajectory('language.jsonl');
  expect(await replay(run, steps)).toMatchObject({ difference: null, planner: 'from its replies' });
  const other = steps.map((step) =>
    step.act === 'opened' ? { ...step, body: { ...step.body, planner_settings: { prompts_sha256: 'other' } } } : step,
  );
  const decided = await replay(run, chained(other as Step[]));
  expect(decided).toMatchObject({ difference: null, planner: 'from the record', steps: steps.length });
  expect(steps.map(({ act }) => act)).toEqual(expect.arrayContaining(['review/turn/001', 'search/05-without-again']));
});

/** The step with the last letter or digit of its body made another. */
function changed(step: Step): Step {
  const text = JSON.stringify(step.body).replace(/[a-z0-8](?=[^a-z0-8]*$)/, (last) => (last === '1' ? '2' : '1'));
  return { ...step, body: JSON.parse(text) as Step['body'] };
}

describe('a changed record', () => {
  const { run, steps } = trajectory('gave-up.jsonl');

  test.each(steps.map(({ seq, act }) => [seq, act] as const))(
    'one character of step %i (%s) is reported at that step',
    async (seq) => {
      const { difference } = await replay(run, steps.with(seq - 1, changed(steps[seq - 1] as Step)));
      expect(difference?.step).toBe(seq);
    },
  );

  test('a decision that is changed with every hash mended is reported at its step, with what should be there', async () => {
    const { run, steps } = trajectory('induction.jsonl');
    const at = steps.findIndex(({ act }) => act === 'claim');
    const text = JSON.stringify(steps[at]?.body).replace('"a1.h0"', '"a1.h1"');
    const body = JSON.parse(text) as Step['body'];
    const forged = chained(steps.with(at, { ...(steps[at] as Step), body }));
    const { difference } = await replay(run, forged);
    expect(difference).toMatchObject({ step: at + 1, recorded: 'claim', replayed: 'claim' });
    expect(difference?.changes[0]).toMatchObject({ before: '"a1.h1"', after: '"a1.h0"' });
  });

  test('a verdict that is changed with every hash mended is reported', async () => {
    const at = steps.findIndex(({ act }) => act === 'verdict');
    const text = JSON.stringify(steps[at]?.body).replaceAll('inconclusive', 'reproduced');
    const forged = chained(steps.with(at, { ...(steps[at] as Step), body: JSON.parse(text) as Step['body'] }));
    expect((await replay(run, forged)).difference).toMatchObject({ step: at + 1, recorded: 'verdict' });
  });

  test('steps that are missing or too many are reported where they are', async () => {
    const [first, ...rest] = steps as [Step, ...Step[]];
    const without = await replay(run, chained([first, ...rest.slice(1)]));
    expect(without.difference).toMatchObject({ step: 2, recorded: rest[1]?.act });
    const twice = await replay(run, chained([...steps, { ...(steps[5] as Step), act: 'forged' }]));
    expect(twice.difference).toMatchObject({ step: steps.length + 1, recorded: 'forged', replayed: null });
  });
});

test('a run that was cut off is replayed as far as it went', async () => {
  const { run, steps } = trajectory('induction.jsonl');
  for (const length of [1, 4, 8, 20, 107]) {
    const found = await replay({ ...run, state: 'faulted', verdict: null }, steps.slice(0, length));
    expect(found, `${length} steps`).toMatchObject({ steps: length, sealed: false, difference: null });
  }
});

test('a fault on the way is passed over: the machinery wrote it, nobody decided it', async () => {
  const { run, steps } = trajectory('gave-up.jsonl');
  const failure = { kind: 'fault', code: 'worker-died', what: 'a', why: 'b', instead: 'c' } as const;
  const fault = { ...(steps[3] as Step), act: 'fault/1', body: { kind: 'fault', phase: 'search', failure } } as Step;
  expect(steps[2]?.body.kind).toBe('tool-call');
  const whole = chained(steps.toSpliced(3, 0, fault)).map((step) => {
    return step.body.kind === 'sealed' ? { ...step, body: { ...step.body, steps: steps.length + 1 } } : step;
  });
  expect((await replay(run, chained(whole))).difference).toBeNull();
});
