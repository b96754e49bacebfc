/** The local Messages server by itself: it refuses what the API refuses, and counts as the API counts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScript, Script } from '../script.ts';
import { PromptCache } from './cache.ts';
import { type MessagesServer, startMessagesServer } from './server.ts';
import type { Request } from './wire.ts';

const KEY = 'k';
const turns = [{ call: { tool: 't', input: { a: 1 } } }, { say: 'done' }];
let server: MessagesServer;
beforeAll(async () => {
  server = await startMessagesServer({ script: Script.parse({ about: 'a test', turns }), key: KEY });
});
afterAll(() => server.close());

const request = {
  model: 'm',
  max_tokens: 10,
  stream: true,
  system: [{ type: 'text', text: 's' }],
  tools: [{ name: 't', description: 'd', input_schema: { type: 'object' } }],
  tool_choice: { type: 'auto' },
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }],
};
const used = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 't', input: {} }] };
const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'r' };
const mark = (ttl: string) => ({ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl } });

async function ask(body: object, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'anthropic-version': '2026-10-21', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

describe('it answers', () => {
  it('a turn by the number of replies that the request holds', async () => {
    expect((await ask(request)).text).toContain('"stop_reason":"tool_use"');
    const second = await ask({
      ...request,
      messages: [...request.messages, used, { role: 'user', content: [result] }],
    });
    expect(second.text).toContain('"stop_reason":"end_turn"');
    expect(server.seen.map(({ turn, answered }) => [turn, answered])).toEqual([
      [0, true],
      [1, true],
    ]);
  });
});

describe('it refuses', () => {
  const messages = (...more: object[]) => ({ messages: [...request.messages, ...more] });
  it.each([
    ['sampling parameters', { temperature: 0 }, /temperature/],
    ['a forced tool choice', { tool_choice: { type: 'any' } }, /tool_choice/],
    ['prefill', messages(used), /prefill/],
    [
      'a tool call without its result',
      messages(used, { role: 'user', content: [{ type: 'text', text: 'x' }] }),
      /tool_result/,
    ],
    [
      'a result without its call',
      messages({ role: 'assistant', content: [{ type: 'text', text: 'x' }] }, { role: 'user', content: [result] }),
      /tool_use ids/,
    ],
    [
      'text before the result',
      messages(used, { role: 'user', content: [{ type: 'text', text: 'x' }, result] }),
      /must come first/,
    ],
    ['empty text', { system: [{ type: 'text', text: '' }] }, /Too small/],
    ['a fifth breakpoint', { system: [1, 2, 3, 4, 5].map(() => mark('1h')) }, /maximum of 4/],
    ['an hour after five minutes', { system: [mark('5m'), mark('1h')] }, /must not come after/],
    ['two tools of one name', { tools: [...request.tools, ...request.tools] }, /unique/],
    [
      'a turn that the script does not have',
      messages(used, { role: 'user', content: [result] }, used, { role: 'user', content: [result] }),
      /no turn 2/,
    ],
  ])('%s', async (_, change, says) => {
    const refused = await ask({ ...request, ...change });
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(says);
  });

  it('another key', async () => {
    expect((await ask(request, { authorization: 'Bearer other' })).status).toBe(401);
  });
});

describe('the cache', () => {
  const long = 'x'.repeat(8000);
  const of = (...texts: string[]): Request =>
    ({
      ...request,
      system: [{ type: 'text', text: long, cache_control: { type: 'ephemeral', ttl: '1h' } }],
      messages: [{ role: 'user', content: texts.map((text) => ({ type: 'text', text })) }],
    }) as unknown as Request;

  it('is written once, read while it lives, and missed where the prefix differs', () => {
    const cache = new PromptCache();
    const first = cache.read(of('a'), 0);
    expect(first).toMatchObject({ cache_read: 0, cache_write_5m: 0 });
    const again = cache.read(of('a', 'b'), 1000);
    expect(again).toMatchObject({ cache_read: first.cache_write_1h, cache_write_1h: 0 });
    expect(again.input).toBeGreaterThan(first.input);
    expect(cache.read({ ...of('a'), model: 'other' }, 1000).cache_read).toBe(0);
    expect(cache.read(of('a'), 1000 + 3_600_001).cache_read).toBe(0);
  });
});

describe('the scripts', () => {
  it.each(['function-vector-heads', 'induction-heads'])('%s ends in a claim', (name) => {
    expect(readScript(name).turns.at(-1)?.call?.tool).toBe('claim');
  });
});
