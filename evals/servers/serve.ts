/**
 * A local server that says what a script says, on whichever wire: it takes one key, refuses what the wire finds wrong, has the
 * script's faults before its answers, and keeps of every request what was asked and what it would have cost. What a request and a
 * reply look like is the wire's matter.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { sha256, type Usage } from '../../src/contract/index.ts';
import { type FaultOf, type Script, type ScriptedTurn, turnsFor } from './script.ts';

type StatusFault = Extract<FaultOf, { status: number }>;
type StreamFault = Extract<FaultOf, { stream: string }>['stream'];

export interface Spoken {
  /** The reply, in the pieces in which it is sent. */
  readonly parts: readonly string[];
  /** Tokens of everything that is said. */
  readonly output: number;
}

export interface Wire<R> {
  readonly path: string | RegExp;
  /** The key that a request carries; null: none is asked for. */
  readonly keyOf: ((headers: IncomingHttpHeaders) => string | undefined) | null;
  /** Returns a request of the right shape, or why it would be refused. */
  read(body: unknown, url: string): { readonly request: R } | { readonly why: string };
  /** How many replies a request holds already. */
  turnOf(request: R): number;
  /** Names of the tools that it offers. */
  toolsOf(request: R): readonly string[];
  /** What it reads, by kind; its output is none yet. */
  count(request: R, now: number): Usage;
  speak(scripted: ScriptedTurn, turn: number, request: R, usage: Usage): Spoken;
  /** The body of a refusal. */
  refusal(fault: StatusFault): unknown;
  /** Sent in mid-stream. */
  readonly broken: Readonly<Record<Extract<StreamFault, 'overloaded' | 'garbage'>, string>>;
}

export interface Seen<R> {
  /** Replies that the request held already. */
  readonly turn: number;
  /** What was to be answered: of two requests with the same one, one brought no answer. */
  readonly scripted: ScriptedTurn;
  readonly request_sha256: string;
  readonly request: R;
  readonly status: number;
  /** A whole reply went out. */
  answered: boolean;
  /** Tokens that would be paid for: none of what was refused; of a broken stream what had gone out. */
  billed: Usage | null;
}

export interface ScriptedServer<R = unknown> {
  readonly url: string;
  /** Every well-formed request so far, in order. */
  readonly seen: readonly Seen<R>[];
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly script: Script;
  /** The only key that it takes. */
  readonly key: string;
}

export async function serve<R>(wire: Wire<R>, { script, key }: ServerOptions): Promise<ScriptedServer<R>> {
  const seen: Seen<R>[] = [];
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    const refuse = (fault: StatusFault): void => refused(response, fault, wire.refusal(fault));
    const url = incoming.url ?? '';
    if (!fits(wire.path, url)) return refuse({ status: 404, message: 'no such path' });
    const given = wire.keyOf ? wire.keyOf(incoming.headers) : key;
    if (given !== key) return refuse({ status: 401, message: `invalid key ${given ?? ''}` });
    const read = wire.read(JSON.parse(body), url);
    if ('why' in read) return refuse({ status: 400, message: read.why });
    return reply(read.request, sha256(body), response, refuse);
  };

  const reply = async (
    request: R,
    request_sha256: string,
    response: ServerResponse,
    refuse: (fault: StatusFault) => void,
  ): Promise<void> => {
    const turn = wire.turnOf(request);
    const scripted = turnsFor(script, wire.toolsOf(request))[turn];
    if (scripted === undefined) return refuse({ status: 400, message: `the script has no turn ${turn}` });
    const fault = scripted.faults[seen.filter((one) => one.scripted === scripted).length];
    const status = fault && 'status' in fault ? fault.status : 200;
    const entry: Seen<R> = { turn, scripted, request_sha256, request, status, answered: false, billed: null };
    seen.push(entry);
    if (fault && 'status' in fault) return refuse(fault);
    const usage = wire.count(request, Date.now());
    const { parts, output } = wire.speak(scripted, turn, request, usage);
    const sent = fault ? parts.slice(0, fault.after) : parts;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${seen.length}` });
    response.flushHeaders();
    for (const [index, part] of sent.entries()) {
      if (response.destroyed) return;
      if (scripted.pace_ms > 0) await wait(scripted.pace_ms);
      response.write(part);
      entry.billed = { ...usage, output: Math.round((output * (index + 1)) / parts.length) };
    }
    if (fault) return broken(response, fault.stream, wire);
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

function fits(path: string | RegExp, url: string): boolean {
  return typeof path === 'string' ? url === path : path.test(url);
}

function broken<R>(response: ServerResponse, how: StreamFault, wire: Wire<R>): void {
  if (how === 'silence') return;
  // A moment later, so that what was sent before has gone out.
  if (how === 'cut') return void setTimeout(() => response.destroy(), 20);
  if (how === 'overloaded' || how === 'garbage') response.write(wire.broken[how]);
  response.end();
}

function refused(response: ServerResponse, fault: StatusFault, body: unknown): void {
  const after = fault.retry_after === undefined ? {} : { 'retry-after': String(fault.retry_after) };
  response.writeHead(fault.status, { 'content-type': 'application/json', ...after });
  response.end(JSON.stringify(body));
}

async function text(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
