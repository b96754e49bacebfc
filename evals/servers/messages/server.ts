/** The Messages API: server-sent events, a prompt cache with breakpoints, and refusals of what the API refuses. */
import { type ScriptedServer, type ServerOptions, serve } from '../serve.ts';
import { PromptCache } from './cache.ts';
import { line, spoken } from './events.ts';
import { objection, Request } from './wire.ts';

export type MessagesServer = ScriptedServer<Request>;

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};
const OVERLOADED = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

export function startMessagesServer(options: ServerOptions): Promise<MessagesServer> {
  const cache = new PromptCache();
  return serve<Request>(
    {
      path: '/v1/messages',
      // Without a version a request has no key either.
      keyOf: (headers) =>
        headers['anthropic-version'] === undefined ? undefined : headers.authorization?.replace(/^Bearer /, ''),
      read(body) {
        const parsed = Request.safeParse(body);
        if (!parsed.success) return { why: parsed.error.message };
        const why = objection(parsed.data);
        return why === null ? { request: parsed.data } : { why };
      },
      turnOf: ({ messages }) => messages.filter(({ role }) => role === 'assistant').length,
      toolsOf: ({ tools }) => tools.map(({ name }) => name),
      count: (request, now) => cache.read(request, now),
      speak: (scripted, turn, { model }, usage) => spoken(scripted, turn, model, usage),
      refusal({ status, type = TYPES[status] ?? 'api_error', message = type }) {
        return { type: 'error', error: { type, message } };
      },
      broken: {
        overloaded: line({ event: 'error', data: OVERLOADED }),
        garbage: 'event: content_block_delta\ndata: {"type": "content_blo\n\n',
      },
    },
    options,
  );
}
