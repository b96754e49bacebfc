/**
 * Logs for Inspect, read by the real inspect-ai, its viewer's server and Scout. They are installed on demand; where that is not
 * possible the tests are skipped with the reason.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { inspectEnvironment, withInspect } from '../../evals/suites/inspect/env.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { root } from '../root.ts';
import { readTrajectory } from '../store/index.ts';
import { conversation } from './conversation.ts';
import { stepsOf } from './fixtures/inspect/steps.ts';
import { askViewer } from './fixtures/inspect/viewer.ts';
import { inspectLog } from './inspect.ts';
import type { Source } from './source.ts';

/** Text that has made writers of logs stumble: controls, bidi, half a surrogate pair, markup, something that looks like an attachment. */
const NASTY = 'a\u0000b \u202Eevil\u202C \ud800 </script> attachment://0123 \u2028 “é”';

const home = freshHome();
const run = recordRun(home, NASTY);
const source: Source = { run, steps: home.record.steps(run.run), artifacts: home.artifacts };
const logs = join(home.home, 'logs');
const file = join(logs, 'run.eval');
/** A language planner's run, without its tensors. */
const language: Source = {
  ...readTrajectory(readFileSync(join(root, 'evals/trajectories/language.jsonl'), 'utf8')),
  artifacts: home.artifacts,
};
const spokenLogs = join(home.home, 'spoken');
const spokenFile = join(spokenLogs, 'run.eval');
const python = await inspectEnvironment();
const script = (name: string): string => join(root, 'src/export/fixtures/inspect', name);

beforeAll(() => {
  mkdirSync(logs);
  mkdirSync(spokenLogs);
  writeFileSync(spokenFile, inspectLog(language).bytes);
  const { bytes, left_out } = inspectLog(source);
  expect(left_out).toEqual([]);
  writeFileSync(file, bytes);
});

/** Returns the interpreter, or skips the test saying why there is none. */
function inspect({ skip }: TestContext): string {
  return python.python ?? skip(python.reason);
}

interface ModelEvent {
  readonly input: { readonly role: string; readonly content: string }[];
  readonly output: { readonly usage: { output_tokens: number; input_tokens_cache_read: number } };
}

interface Dump {
  readonly status: string;
  readonly listed: number;
  readonly alone: boolean;
  readonly summary: { scores: Record<string, { value: unknown }> };
  readonly sample: {
    events: Parameters<typeof stepsOf>[1];
    messages: { role: string; content: string }[];
    scores: Record<string, { value: unknown; metadata: { measured: number | null } | null }>;
    attachments: Record<string, string>;
    metadata: { run: object; protocol: string };
  };
  readonly rewritten_events: Parameters<typeof stepsOf>[1];
}

describe('inspect-ai', () => {
  let read: Dump;
  let spoken: Dump;
  test('reads it in every way that it offers', async (context) => {
    const again = (name: string): string => join(home.home, name);
    const words = [file, logs, again('again.eval'), spokenFile, spokenLogs, again('spoken.eval')];
    const found = JSON.parse(await withInspect(inspect(context), script('read_log.py'), words, home.home)) as Dump[];
    [read, spoken] = found as [Dump, Dump];
    for (const one of found) expect(one).toMatchObject({ status: 'success', listed: 1, alone: true });
  });

  test('with every step in it, exactly, also after it has written the log itself', (context) => {
    inspect(context);
    expect(stepsOf(run.run, read.sample.events)).toEqual(source.steps);
    expect(stepsOf(run.run, read.rewritten_events)).toEqual(source.steps);
    expect(stepsOf(language.run.run, spoken.sample.events)).toEqual(language.steps);
    expect(stepsOf(language.run.run, spoken.rewritten_events)).toEqual(language.steps);
  });

  test('with what a language planner was told and answered as messages, and each reply as a model event with its tokens', (context) => {
    inspect(context);
    const messages = conversation(language.run, language.steps);
    expect(spoken.sample.messages.map(({ role, content }) => [role, content])).toEqual(
      messages.map(({ role, content }) => [role, content]),
    );
    const replies = language.steps.flatMap(({ body }) => (body.kind === 'reply' ? [body] : []));
    const asked = spoken.sample.events.filter(({ event }) => event === 'model') as unknown as ModelEvent[];
    expect(asked.map(({ output: { usage } }) => [usage.output_tokens, usage.input_tokens_cache_read])).toEqual(
      replies.map(({ usage }) => [usage?.output, usage?.cache_read]),
    );
    const review = asked[replies.findIndex(({ turn }) => turn === 'review/turn/001')];
    expect(review?.input).toMatchObject([{ role: 'user', content: expect.stringContaining('Hand in your review.') }]);
  });

  test('with the run, the protocol, every artifact by its hash, and the verdict as scores', (context) => {
    inspect(context);
    const { protocol, ...row } = run;
    expect(read.sample.metadata.run).toEqual(row);
    expect(JSON.parse(read.sample.metadata.protocol)).toEqual(protocol);
    const named = source.steps.flatMap(({ body }) =>
      body.kind === 'tool-result' ? body.artifacts.map(({ sha256 }) => sha256) : [],
    );
    expect(new Set(Object.keys(read.sample.attachments))).toEqual(new Set(named));
    expect(read.sample.scores['verdict']?.value).toBe(run.verdict);
    expect(read.summary.scores['verdict']?.value).toBe(run.verdict);
    expect(read.sample.scores['N1']?.value).toBe('pass');
  });

  test('what is unmeasured is a word, never a number', (context) => {
    inspect(context);
    for (const { value, metadata } of Object.values(read.sample.scores)) {
      expect(typeof value).toBe('string');
      if (metadata?.measured === null) expect(value).toBe('unmeasured');
    }
  });
});

test("the viewer's server lists it and gives it out whole", async (context) => {
  const words = [`/log-files`, `/logs/${encodeURIComponent(`file://${file}`)}`];
  const [listed, whole] = await askViewer(inspect(context), logs, home.home, words);
  expect(JSON.parse(String(listed)).files).toHaveLength(1);
  const { samples } = JSON.parse(String(whole)) as { samples: [{ events: Parameters<typeof stepsOf>[1] }] };
  expect(stepsOf(run.run, samples[0].events)).toEqual(source.steps);
});

test('Scout indexes it and reads its messages and events', async (context) => {
  const found = JSON.parse(await withInspect(inspect(context), script('scout.py'), [logs], home.home));
  expect(found).toMatchObject([{ id: run.run, task: run.finding, model: `recircuit/${run.planner}` }]);
  const [{ messages, events }] = found as [{ messages: { role: string }[]; events: string[] }];
  expect(new Set(messages.map(({ role }) => role))).toEqual(new Set(['user', 'assistant', 'tool']));
  expect(events.length).toBeGreaterThanOrEqual(source.steps.length - 1);
});
