/** What only the planner `chat` has: its names, its keys, and what OpenAI's servers alone say. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Request } from '../../evals/servers/completions/wire.ts';
import { CLAIM, LanguageBench, PLAN, TOOL } from './fixtures/language.ts';
import { plannerCalled } from './planner.ts';

let bench: LanguageBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

describe('its name', () => {
  it('says provider and model, whose own name may hold colons', () => {
    expect(plannerCalled('chat:ollama:qwen3:8b').id).toBe('chat:ollama:qwen3:8b');
  });

  it.each([
    ['chat', 'it names a provider and a model'],
    ['chat:gpt-5', 'it names a provider and a model'],
    ['chat:mistral:large', 'the provider mistral is not one of ours'],
    ['chat:constructor:x', 'the provider constructor is not one of ours'],
    ['chat:openai:gpt-5.1-codex', 'Responses API only'],
  ])('%s is refused', (name, why) => {
    expect(() => plannerCalled(name)).toThrow(why);
    expect(() => plannerCalled(name)).toThrow('Instead: ');
  });
});

describe('its key', () => {
  it.each([
    ['chat:openai:gpt-5', 'OPENAI_API_KEY'],
    ['chat:google-genai:gemini-3-pro', 'GOOGLE_API_KEY'],
  ])('of %s is asked for before anything is loaded', (name, key) => {
    for (const variable of [key, 'GEMINI_API_KEY', 'OPENAI_BASE_URL']) delete process.env[variable];
    expect(() => plannerCalled(name).check?.()).toThrow(`${key} is not set`);
  });

  it('is not needed for Ollama, nor for a server of one’s own', () => {
    expect(() => plannerCalled('chat:ollama:qwen3').check?.()).not.toThrow();
    process.env['OPENAI_BASE_URL'] = 'http://127.0.0.1:9/v1';
    try {
      expect(() => plannerCalled('chat:openai:qwen3').check?.()).not.toThrow();
    } finally {
      delete process.env['OPENAI_BASE_URL'];
    }
  });
});

describe('on a server of the OpenAI kind', () => {
  it('a quota that is spent is not asked for again', async () => {
    const faults = [{ status: 429, type: 'insufficient_quota', message: 'You exceeded your current quota' }];
    bench = await LanguageBench.open('chat', PLAN, { ...TOOL, faults }, CLAIM);
    await expect(bench.act()).rejects.toMatchObject({ failure: { code: 'model-quota-spent' } });
    expect(bench.server.seen).toHaveLength(2);
  });

  it('a request that is too long is made smaller', async () => {
    const faults = [{ status: 400, message: "This model's maximum context length is 8192 tokens" }];
    bench = await LanguageBench.open('chat', PLAN, TOOL, { ...CLAIM, faults });
    await bench.act();
    expect(bench.acts.at(-1)).toBe('claim');
    expect(bench.bodies('failed-reply')).toEqual([]);
    expect(bench.bodies('turn').map(({ folded }) => folded)).toEqual([0, 0, 0, 3, 0]);
  });

  it('tools travel with their references, and neither sampling nor parallel calls are asked for', async () => {
    bench = await LanguageBench.open('chat', PLAN, TOOL, CLAIM);
    await bench.act();
    const request = bench.server.seen[0]?.request as Request;
    expect(request.max_completion_tokens).toBe(16_000);
    expect(request.parallel_tool_calls).toBe(false);
    const ranked = request.tools.find((tool) => tool.function.name === 'rank_heads');
    expect(ranked?.function.parameters['$defs']).toHaveProperty('Reference');
  });
});

describe.each(['ollama', 'google'] as const)('on a server of the kind of %s', (kind) => {
  it('a run comes to its claim, with the tokens that the server counted and the calls as they were', async () => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, thinking: 'Let me think of it.' }, CLAIM);
    await bench.act();
    expect(bench.acts.at(-1)).toBe('claim');
    expect(bench.bodies('reply').map(({ usage }) => usage)).toEqual(bench.server.seen.map(({ billed }) => billed));
    expect(bench.bodies('reply').map(({ stop_reason }) => stop_reason)).toEqual(Array(4).fill('tool_use'));
    const last = JSON.stringify(bench.server.seen[2]?.request.messages);
    expect(last).toContain('"recall_memory"');
    if (kind === 'google') expect(last).toContain('signed-1-0');
  });

  it.each([
    ['429 that says when', { status: 429, retry_after: 0.005 }, 'rate-limited'],
    ['503', { status: 503 }, 'server-error'],
    ['a connection cut in mid-stream', { stream: 'cut', after: 1 }, 'cut'],
    ['a body that ends without its end', { stream: 'end', after: 1 }, 'cut'],
    ['an event that is no JSON', { stream: 'garbage', after: 1 }, 'cut'],
    ['silence in mid-stream', { stream: 'silence', after: 1 }, 'idle'],
  ])('%s is asked again, and told of', async (_, fault, code) => {
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, faults: [fault] }, CLAIM);
    const printed = vi.spyOn(console, 'warn').mockReturnValue();
    await bench.act(code === 'idle' ? { idle: 1000 } : {});
    expect(bench.acts.at(-1)).toBe('claim');
    expect(new Set(bench.bodies('failed-reply').map(({ failure }) => failure.code))).toEqual(new Set([code]));
    // What a server says goes to no terminal.
    expect(printed).not.toHaveBeenCalled();
  });

  it('of two calls in one reply the first is run, and a reply at its limit is not acted on', async () => {
    const also = { tool: 'recall_memory', input: { name: 'other', serves: [], because: 'b', input: {} } };
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, stop: 'max_tokens' }, { ...TOOL, also }, CLAIM);
    await bench.act();
    expect(bench.acts.filter((act) => act.startsWith('search/'))).toEqual([
      'search/01-first',
      'search/01-first/result',
    ]);
    expect(bench.bodies('reply').map(({ stop_reason }) => stop_reason)[1]).toBe('max_tokens');
  });
});
