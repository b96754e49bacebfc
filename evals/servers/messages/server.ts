/**
 * A local server that speaks the Messages API and says what a script says. It refuses what the API refuses, counts tokens and the
 * prompt cache, and keeps of every request what was asked and what it would have cost.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { sha256, type Usage } from '../../../src/contract/index.ts';
import { PromptCache } from './counting.ts';
import { type Event, spoken } from './events.ts';
import type { FaultOf, Script } from './script.ts';
import { objection, Request } from './wire.ts';

export interface Seen {
  /** Replies that the request held already. */
  readonly turn: number;
  readonly request_sha256: string;
  readonly request: Request;
  readonly status: number;
  /** A whole reply went out. */
  answered: boolean;
  /** Tokens that would be paid for: none of what was refused; of a broken stream what had gone out. */
  billed: Usage | null;
}

export interface MessagesServer {
  readonly url: string;
  /** Every well-formed request so far, in order. */
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly script: Script;
  /** The only key that it takes. */
  readonly key: string;
}

export async function startMessagesServer({ script, key }: ServerOptions): Promise<MessagesServer> {
  const seen: Seen[] = [];
  const cache = new PromptCache();
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    if (incoming.url !== '/v1/messages') return refuse(response, { status: 404, message: 'no such path' });
    if (incoming.headers.authorization !== `Bearer ${key}`) {
      return refuse(response, { status: 401, message: `invalid key ${incoming.headers.authorization ?? ''}` });
    }
    if (incoming.headers['anthropic-version'] === undefined)
      return refuse(response, { status: 400, message: 'no version' });
    const parsed = Request.safeParse(JSON.parse(body));
    const wrong = parsed.success ? objection(parsed.data) : parsed.error.message;
    if (!parsed.success || wrong !== null) return refuse(response, { status: 400, message: String(wrong) });
    return reply(parsed.data, sha256(body), response);
  };

  const reply = async (request: Request, request_sha256: string, response: ServerResponse): Promise<void> => {
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const scripted = script.turns[turn];
    if (scripted === undefined) return refuse(response, { status: 400, message: `the script has no turn ${turn}` });
    const fault = scripted.faults[seen.filter((one) => one.turn === turn).length];
    const status = fault && 'status' in fault ? fault.status : 200;
    const entry: Seen = { turn, request_sha256, request, status, answered: false, billed: null };
    seen.push(entry);
    if (fault && 'status' in fault) return refuse(response, fault);
    const usage = cache.read(request, Date.now());
    const { events, output } = spoken(scripted, turn, request.model, usage);
    const sent = fault ? events.slice(0, fault.after) : events;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${seen.length}` });
    response.flushHeaders();
    for (const [index, event] of sent.entries()) {
      if (response.destroyed) return;
      if (scripted.pace_ms > 0) await wait(scripted.pace_ms);
      write(response, event);
      entry.billed = { ...usage, output: Math.round((output * (index + 1)) / events.length) };
    }
    if (fault) return broken(response, fault.stream);
    entry.billed = { ...usage, output };
    entry.answered = true;
    response.end();
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function broken(response: ServerResponse, how: Extract<FaultOf, { stream: string }>['stream']): void {
  if (how === 'silence') return;
  // A moment later, so that what was sent before has gone out.
  if (how === 'cut') return void setTimeout(() => response.destroy(), 20);
  if (how === 'overloaded') {
    const error = { type: 'overloaded_error', message: 'Overloaded' };
    write(response, { event: 'error', data: { type: 'error', error } });
  }
  if (how === 'garbage') response.write('event: content_block_delta\ndata: {"type": "content_blo\n\n');
  response.end();
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
};

function refuse(response: ServerResponse, fault: Extract<FaultOf, { status: number }>): void {
  const type = fault.type ?? TYPES[fault.status] ?? 'api_error';
  const wait = fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) };
  response.writeHead(fault.status, { 'content-type': 'application/json', ...wait });
  response.end(JSON.stringify({ type: 'error', error: { type, message: fault.message ?? type } }));
}

function write(response: ServerResponse, { event, data }: Event): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

async function text(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
