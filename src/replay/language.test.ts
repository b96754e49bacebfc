/** A run whose planner asks a language model, on a real worker: killed nowhere, replayed without network from its recorded replies. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { anthropic } from '../../agents/planners/anthropic/index.ts';
import { chat } from '../../agents/planners/chat/index.ts';
import { startCompletionsServer } from '../../evals/servers/completions/server.ts';
import { type MessagesServer, startMessagesServer } from '../../evals/servers/messages/server.ts';
import { Script } from '../../evals/servers/script.ts';
import type { Run, Step, StepBody } from '../contract/index.ts';
import { bench, buildTiny, tinyProtocol } from '../job/fixtures/tiny.ts';
import { runJob } from '../job/index.ts';
import { outside } from '../job/outside.ts';
import { chained } from './fixtures/chained.ts';
import { replay } from './index.ts';

const tasks = { $from: 'clean.tasks[].task' };
const prompts = { kind: 'in-context', tasks, shots: 3, seed: { $run: 'seed' } };
const call = (tool: string, name: string, input: object) => ({
  call: { tool, input: { name, serves: ['N1'], because: 'b', input } },
});
const script = Script.parse({
  about: 'the procedure of the tiny finding, with a mistake and a page',
  turns: [
    {
      call: {
        tool: 'plan',
        input: { intent: 'i', items: [{ name: 'means', tool: 'mean_activations', serves: ['N1'] }] },
      },
    },
    call('mean_activations', 'means', { prompts: { ...prompts, count: 4 }, only_corect: false }),
    {
      faults: [{ status: 529 }],
      ...call('mean_activations', 'means', { prompts: { ...prompts, count: 4 }, only_correct: false }),
    },
    call('sweep_heads', 'sweep', {
      prompts: { ...prompts, variant: 'shuffled', count: 2 },
      source: { $from: 'means.means.sha256' },
    }),
    call('rank_heads', 'ranked', { sweep: { $from: 'sweep.effects.sha256' }, top: 3 }),
    { call: { tool: 'more', input: { of: 'ranked', list: 'heads' } } },
    {
      call: {
        tool: 'claim',
        input: {
          roles: { vector: { $top: { of: { $from: 'strong' }, count: 2 } } },
          settings: { layer: 0 },
          statement: 's',
          cites: { mechanism: ['search/03-ranked'] },
        },
      },
    },
  ],
});

const here = bench();
let server: MessagesServer;
let run: Run;
let steps: readonly Step[];

beforeAll(async () => {
  const model = join(here.folder, 'tiny-llama');
  server = await startMessagesServer({ script, key: 'k' });
  await buildTiny('llama', model);
  const planner = anthropic({ connection: { apiKey: 'k', baseURL: server.url }, prompts: outside.prompts() });
  run = await runJob({ ...here.means, finding: tinyProtocol(), model, planner, seed: 1 });
  steps = here.record.steps(run.run);
}, 600_000);
afterAll(() => server.close());

/** Counts what LangSmith would be told. */
async function listener(): Promise<{ url: string; heard: () => number; close: () => void }> {
  let heard = 0;
  const listening = createServer((_, response) => {
    heard++;
    response.end('{}');
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return { url, heard: () => heard, close: () => listening.close() };
}

/** The step of an act with its body changed, and every hash made to fit again. */
function forged(act: string, change: (body: never) => StepBody): Step[] {
  return chained(steps.map((step) => (step.act === act ? { ...step, body: change(step.body as never) } : step)));
}

it('is sealed, and says with which prompts it was decided', () => {
  expect(run).toMatchObject({ state: 'sealed', planner: 'anthropic:claude-opus-5-5' });
  expect(steps[0]?.body).toMatchObject({
    planner_settings: { prompts_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(server.seen.map(({ turn }) => turn)).toEqual([0, 1, 2, 2, 3, 4, 5, 6, 0]);
});

it('comes out again without network: what the model was told, and what followed from its replies', async () => {
  const found = await replay(run, steps);
  expect(found).toMatchObject({ difference: null, sealed: true, planner: 'from its replies', steps: steps.length });
});

it('is replayed as far as it went where it was cut off', async () => {
  for (const { seq } of steps.filter(({ act }) => act.startsWith('turn/'))) {
    const cut = await replay({ ...run, state: 'faulted', verdict: null }, steps.slice(0, seq));
    expect(cut, `${seq} steps`).toMatchObject({ steps: seq, sealed: false, difference: null });
  }
});

it('differs where what the model was told is not what it would be told', async () => {
  const found = await replay(
    run,
    forged(
      'turn/005',
      (body: { told: object[] }) => ({ ...body, told: [{ ...body.told[0], content: 'all heads' }] }) as never,
    ),
  );
  expect(found.difference).toMatchObject({ recorded: 'turn/005', replayed: 'turn/005' });
});

it('differs where a reply does not lead to what was done', async () => {
  const found = await replay(
    run,
    forged('turn/004/reply', (body: object) => JSON.parse(JSON.stringify(body).replace('shuffled', 'clean')) as never),
  );
  expect(found.difference).toMatchObject({ recorded: 'search/02-sweep' });
});

it('is replayed from its decisions where the prompts are others by now', async () => {
  const other = forged(
    'opened',
    (body: object) => ({ ...body, planner_settings: { prompts_sha256: 'other' } }) as never,
  );
  expect(await replay(run, other)).toMatchObject({ difference: null, planner: 'from the record' });
});

it('with any chat model comes out again too, and tells LangSmith nothing, however it is asked to', async () => {
  const [completions, langsmith] = await Promise.all([startCompletionsServer({ script, key: 'k' }), listener()]);
  const told = { TRACING: 'true', API_KEY: 'k', ENDPOINT: langsmith.url, GATEWAY: langsmith.url };
  for (const [name, value] of Object.entries(told)) process.env[`LANGSMITH_${name}`] = value;
  try {
    const connection = () => ({ apiKey: 'k', baseURL: completions.url });
    const planner = chat({ name: 'openai:gpt-5', connection, prompts: outside.prompts() });
    const again = { ...here.means, finding: tinyProtocol(), model: join(here.folder, 'tiny-llama'), planner, seed: 1 };
    const other = await runJob(again);
    expect(other).toMatchObject({ state: 'sealed', planner: 'chat:openai:gpt-5' });
    const recorded = here.record.steps(other.run);
    const found = await replay(other, recorded);
    expect(found).toMatchObject({
      difference: null,
      sealed: true,
      planner: 'from its replies',
      steps: recorded.length,
    });
    expect(langsmith.heard()).toBe(0);
  } finally {
    await completions.close();
    langsmith.close();
  }
}, 600_000);
