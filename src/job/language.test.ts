/** Planners that ask a language model, on local servers that speak their wire formats: every fault of the server, and what is paid for. */
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentView } from '../../agents/index.ts';
import { usdOf } from '../../agents/planners/anthropic/price.ts';
import type { Request } from '../../evals/servers/messages/wire.ts';
import { canonicalJson, type Usage } from '../contract/index.ts';
import { CLAIM, KEY, KINDS, LanguageBench, memory, PLAN, TOOL } from './fixtures/language.ts';

let bench: LanguageBench;
afterEach(() => bench.close());

const whole = [
  'facts/search',
  'gate/search/clean',
  'gate/search/clean/result',
  'gate/search',
  'turn/001',
  'turn/001/reply',
  'plan',
  'turn/002',
  'turn/002/reply',
  'search/01-first',
  'search/01-first/result',
  'turn/003',
  'turn/003/reply',
  'review/turn/001',
  'review/turn/001/reply',
  'review',
  'claim',
];
describe.each(KINDS)('%s: an undisturbed run', (kind) => {
  it('records each turn and its reply before anything is done about it, with the tokens that the server counted', async () => {
    bench = await LanguageBench.open(kind, PLAN, TOOL, CLAIM);
    await bench.act();
    expect(bench.acts).toEqual(whole);
    expect(bench.bodies('turn').map((turn) => turn.for)).toEqual(['plan', 'search/01', 'search/02', 'review']);
    const billed = bench.server.seen.map((seen) => seen.billed);
    const replies = bench.bodies('reply');
    expect(replies.map(({ usage }) => usage)).toEqual(billed);
    expect(replies[2]?.usage?.cache_read).toBeGreaterThan(0);
    const price = (usage: Usage | null) => (kind === 'anthropic' ? usage && usdOf('claude-opus-5-5', usage) : null);
    expect(replies.map(({ usd }) => usd)).toEqual(billed.map(price));
  });
});

describe('the planner anthropic', () => {
  it('reads tools, system and finding from the cache from the second turn on', async () => {
    bench = await LanguageBench.open('anthropic', PLAN, TOOL, CLAIM);
    await bench.act();
    const own = bench.bodies('reply').filter(({ turn }) => turn.startsWith('turn/'));
    const [first, ...later] = own.map(({ usage }) => usage);
    expect(first).toMatchObject({ input: 0, cache_read: 0 });
    for (const usage of later) expect(usage?.cache_read).toBeGreaterThanOrEqual(first?.cache_write_1h ?? Infinity);
    const request = bench.server.seen[2]?.request as Request;
    expect(request.tools.at(-1)?.cache_control).toEqual({ type: 'ephemeral', ttl: '1h' });
    expect(request.system.at(-1)?.cache_control).toEqual({ type: 'ephemeral', ttl: '1h' });
    expect(request.messages[0]?.content.at(-1)).toMatchObject({ cache_control: { ttl: '1h' } });
    expect(request.messages.at(-1)?.content.at(-1)).toMatchObject({ cache_control: { ttl: '5m' } });
  });
});

describe.each(KINDS)('%s: a request that brings no reply is sent again, and told of', (kind) => {
  it.each([
    ['429 that says when', { status: 429, retry_after: 0.005 }, 'rate-limited', true],
    [
      '429 that says when as a date',
      { status: 429, retry_after: 'Thu, 01 Jan 1970 00:00:00 GMT' },
      'rate-limited',
      true,
    ],
    ['429 that does not say', { status: 429 }, 'rate-limited', true],
    ['529', { status: 529 }, 'overloaded', true],
    ['503', { status: 503 }, 'server-error', true],
    ['500', { status: 500 }, 'server-error', true],
    ['an overload in mid-stream', { stream: 'overloaded', after: 5 }, 'overloaded', false],
    ['a connection cut in mid-stream', { stream: 'cut', after: 5 }, 'cut', false],
    ['a connection cut before the first event', { stream: 'cut', after: 0 }, 'cut', false],
    ['a body that ends without its end', { stream: 'end', after: 5 }, 'cut', false],
    ['an event that is no JSON', { stream: 'garbage', after: 5 }, 'cut', false],
    ['silence after the headers', { stream: 'silence', after: 0 }, 'idle', false],
    ['silence in mid-stream', { stream: 'silence', after: 5 }, 'idle', false],
  ])('%s', async (_, fault, code, free) => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, faults: [fault] }, CLAIM);
    await bench.act(code === 'idle' ? { idle: 1000 } : {});
    expect(bench.acts).toEqual(whole.toSpliced(8, 0, 'turn/002/failed-1'));
    expect(bench.server.seen.map((seen) => [seen.turn, seen.answered])).toEqual([
      [0, true],
      [1, false],
      [1, true],
      [2, true],
      [0, true],
    ]);
    const [failed] = bench.bodies('failed-reply');
    expect(failed?.failure.code).toBe(code);
    const billed = bench.server.seen[1]?.billed ?? null;
    if (free) expect(failed).toMatchObject({ usd: 0, usage: { input: 0, output: 0 } });
    // Only the Messages API tells of tokens before its end.
    else if (kind === 'chat') expect(failed).toMatchObject({ usage: null, usd: null });
    else expect(failed?.usage).toEqual(billed && { ...billed, output: expect.any(Number) });
  });

  it('slow tokens are not silence', async () => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, pace_ms: 200 }, CLAIM);
    await bench.act({ idle: 1500 });
    expect(bench.acts).toEqual(whole);
  });
});

describe.each(KINDS)('%s: a run ends, to be gone on with, where asking again does not help', (kind) => {
  const fails = async (says: string): Promise<void> => {
    await expect(bench.act()).rejects.toMatchObject({ failure: { kind: 'fault', code: says } });
    expect(bench.acts.at(-1)).toMatch(/^turn\/002\/failed-/);
  };

  it.each([
    ['six times overloaded', Array(6).fill({ status: 529 }), 'model-overloaded', 6],
    ['a wait longer than we are patient', [{ status: 429, retry_after: 3600 }], 'model-rate-limited', 1],
    ['a request that is refused', [{ status: 400, message: 'no' }], 'model-request-refused', 1],
    ['a key that is refused', [{ status: 403 }], 'model-key-refused', 1],
  ])('%s', async (_, faults, code, requests) => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, faults }, CLAIM);
    await fails(code);
    expect(bench.server.seen.filter(({ turn }) => turn === 1)).toHaveLength(requests);
    await bench.act();
    expect(bench.acts.filter((act) => !act.includes('failed'))).toEqual(whole);
    expect(bench.server.seen.filter(({ turn }) => turn === 0)).toHaveLength(2);
  });

  it('the key is in no record, not even where the server says it', async () => {
    bench = await LanguageBench.open(kind, PLAN, TOOL, CLAIM);
    await expect(bench.act({ key: 'sk-wrong-key' })).rejects.toThrow('[key]');
    await bench.act();
    expect(JSON.stringify(bench.steps)).not.toMatch(/sk-wrong-key|sk-test/);
    expect(JSON.stringify(bench.steps)).not.toContain(KEY);
  });

  it('cancelling leaves a slow reply at once and records what was lost', async () => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, pace_ms: 100 }, CLAIM);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 700);
    const begun = Date.now();
    await expect(bench.act({ signal: controller.signal })).rejects.toThrow(/abort/i);
    expect(Date.now() - begun).toBeLessThan(3000);
    expect(bench.bodies('failed-reply')[0]?.failure.code).toBe('cancelled');
  });
});

describe('a run that was cut off', () => {
  /** What comes back from the record has its keys in another order. */
  const shown = JSON.parse(canonicalJson(memory)) as AgentView;

  it.each(whole)('after %s asks for nothing twice', async (act) => {
    bench = await LanguageBench.open('anthropic', PLAN, TOOL, CLAIM);
    await expect(bench.act({ cutAfter: act })).rejects.toThrow('cut');
    await bench.act({ shown });
    expect(bench.acts.filter((name) => !name.includes('failed'))).toEqual(whole);
    expect(bench.server.seen.map(({ turn }) => turn)).toEqual([0, 1, 2, 0]);
  });

  it.each(['turn/002', 'turn/002/reply', 'turn/003/reply', 'turn/004/reply'])(
    'after %s walks through repairs and looks again without asking',
    async (act) => {
      const wrong = { call: { tool: 'recall_memory', input: {} } };
      const look = { call: { tool: 'more', input: { of: 'clean', list: 'cells' } } };
      bench = await LanguageBench.open('anthropic', PLAN, wrong, look, wrong, TOOL, CLAIM);
      await expect(bench.act({ cutAfter: act })).rejects.toThrow('cut');
      await bench.act({ shown });
      expect(bench.acts.at(-1)).toBe('claim');
      expect(bench.server.seen.map(({ turn }) => turn)).toEqual([0, 1, 2, 3, 4, 5, 0]);
    },
  );

  it('says where a reply may have been paid for and lost', async () => {
    bench = await LanguageBench.open('anthropic', PLAN, TOOL, CLAIM);
    await expect(bench.act({ cutAfter: 'turn/002' })).rejects.toThrow('cut');
    await bench.act({ shown });
    expect(bench.bodies('failed-reply')).toMatchObject([
      { turn: 'turn/002', failure: { code: 'cut-off' }, usage: null, usd: null },
    ]);
  });
});
