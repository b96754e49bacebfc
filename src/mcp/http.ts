/**
 * The session over streamable HTTP, on this machine alone: 127.0.0.1, a token of this start, and only requests that name this
 * machine, so that no web page can reach it by a name of its own (DNS rebinding).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createMcpHandler, hostHeaderValidationResponse, originValidationResponse } from '@modelcontextprotocol/server';
import { Refusal } from '../contract/index.ts';
import type { MakeServer } from './stdio.ts';

export const HOST = '127.0.0.1';
const NAMES = [HOST, 'localhost'];
const PATH = '/mcp';
/** Far more than any call of ours has; the rest is not read. */
const MOST_BYTES = 1_000_000;

export interface HttpServing {
  readonly url: string;
  close(): Promise<void>;
}

/** @param port 0: any free one. @throws Refusal where the port is taken */
export async function serveHttp(make: MakeServer, token: string, port: number): Promise<HttpServing> {
  const handler = createMcpHandler(make, { maxRequestBodySize: MOST_BYTES });
  const server = createAdaptorServer({
    fetch: async (request) => refused(request, token) ?? handler.fetch(request),
    overrideGlobalObjects: false,
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? taken(port) : error));
    server.listen(port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}${PATH}`,
    close: async () => {
      await handler.close();
      await new Promise((resolve) => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}

/** Returns the answer to a request that may not come in, and undefined for one that may. */
function refused(request: Request, token: string): Response | undefined {
  const foreign = hostHeaderValidationResponse(request, NAMES) ?? originValidationResponse(request, NAMES);
  if (foreign) return foreign;
  const given = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  if (!same(given, token)) {
    const headers = { 'WWW-Authenticate': 'Bearer realm="recircuit"' };
    return new Response('The bearer token is missing or not the one of this start.\n', { status: 401, headers });
  }
  if (new URL(request.url).pathname !== PATH)
    return new Response(`There is nothing but ${PATH} here.\n`, { status: 404 });
  return undefined;
}

/** Takes as long for a token that is nearly right as for any other. */
function same(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

function taken(port: number): Refusal {
  const instead = 'name another one, or none, and any free one is taken';
  return new Refusal({ code: 'port-taken', what: `port ${port}`, why: 'something listens there already', instead });
}
