/** The Chat Completions API of OpenAI, which most other servers speak too: chunks as server-sent events, a cache that works by itself. */
import { type ScriptedServer, type ServerOptions, serve } from '../serve.ts';
import { PrefixCache } from './cache.ts';
import { line, spoken } from './events.ts';
import { objection, Request } from './wire.ts';

export type CompletionsServer = ScriptedServer<Request>;

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'requests',
};
const CODES: Readonly<Record<number, string>> = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' };
const OVERLOADED = { error: { type: 'server_error', code: null, message: 'The server had an error', param: null } };

/** Its address, with `/v1`, is what a client takes as base URL. */
export async function startCompletionsServer(options: ServerOptions): Promise<CompletionsServer> {
  const cache = new PrefixCache();
  const server = await serve<Request>(
    {
      path: '/v1/chat/completions',
      keyOf: (headers) => headers.authorization?.replace(/^Bearer /, ''),
      read(body) {
        const parsed = Request.safeParse(body);
        if (!parsed.success) return { why: parsed.error.message };
        const why = objection(parsed.data);
        return why === null ? { request: parsed.data } : { why };
      },
      turnOf: ({ messages }) => messages.filter(({ role }) => role === 'assistant').length,
      toolsOf: ({ tools }) => tools.map((tool) => tool.function.name),
      count: (request) => cache.read(request),
      speak: (scripted, turn, { model }, usage) => spoken(scripted, turn, model, usage),
      refusal: ({ status, type = TYPES[status] ?? 'server_error', message = type }) => ({
        error: { type, code: type === 'insufficient_quota' ? type : (CODES[status] ?? null), message, param: null },
      }),
      broken: { overloaded: line(OVERLOADED), garbage: 'data: {"id": "chatcm\n\n' },
    },
    options,
  );
  return { ...server, url: `${server.url}/v1` };
}
