/** Ollama's own API: a line of JSON for each piece, whole tool calls, no key, and a window that cuts what does not fit without a word. */
import * as z from 'zod';
import { chunks, tokensOf } from '../counting.ts';
import type { ScriptedTurn } from '../script.ts';
import { type ScriptedServer, type ServerOptions, type Spoken, serve } from '../serve.ts';

const Call = z.looseObject({
  function: z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.json()) }),
});
const Request = z.strictObject({
  model: z.string(),
  stream: z.literal(true),
  options: z.strictObject({ num_ctx: z.number().int(), num_predict: z.number().int() }),
  tools: z.array(z.strictObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) })),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['system', 'user', 'assistant', 'tool']),
        content: z.string(),
        tool_calls: z.array(Call).optional(),
      }),
    )
    .min(1),
});
type Request = z.infer<typeof Request>;

export function startOllamaServer(options: ServerOptions): Promise<ScriptedServer<Request>> {
  return serve<Request>(
    {
      path: '/api/chat',
      keyOf: null,
      read(body) {
        const parsed = Request.safeParse(body);
        return parsed.success ? { request: parsed.data } : { why: parsed.error.message };
      },
      turnOf: ({ messages }) => messages.filter(({ role }) => role === 'assistant').length,
      toolsOf: ({ tools }) => tools.map((tool) => tool.function.name),
      count: ({ tools, messages }) => ({
        input: tokensOf(JSON.stringify([tools, messages])),
        cache_read: 0,
        cache_write_5m: 0,
        cache_write_1h: 0,
        output: 0,
      }),
      speak: (scripted, _turn, { model }, { input }) => spoken(scripted, model, input),
      refusal: ({ status, message = `status ${status}` }) => ({ error: message }),
      broken: { overloaded: line({ error: 'server busy, connection closed' }), garbage: '{"model": "x\n' },
    },
    options,
  );
}

function spoken({ say, call, also, stop }: ScriptedTurn, model: string, prompt_eval_count: number): Spoken {
  const piece = (message: object): string =>
    line({ model, message: { role: 'assistant', content: '', ...message }, done: false });
  const calls = [call, also].flatMap((one) =>
    one ? [piece({ tool_calls: [{ function: { name: one.tool, arguments: one.input } }] })] : [],
  );
  const output = tokensOf([say, ...[call, also].map((one) => one && JSON.stringify(one))].filter(Boolean).join(''));
  const done = {
    done: true,
    done_reason: stop === 'max_tokens' ? 'length' : 'stop',
    prompt_eval_count,
    eval_count: output,
  };
  return {
    output,
    parts: [
      ...chunks(say ?? '').map((content) => piece({ content })),
      ...calls,
      line({ model, message: { role: 'assistant', content: '' }, ...done }),
    ],
  };
}

function line(data: object): string {
  return `${JSON.stringify(data)}\n`;
}
