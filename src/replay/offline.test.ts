/** The doors of a replay: whatever knocks is refused, and afterwards they are open again. */
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { lookup as lookupLater } from 'node:dns/promises';
import { get } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { connect as connectSafely } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { offline } from './offline.ts';

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => server.close());

/** Settles as soon as the thing does something, for better or worse. */
const first = (thing: NodeJS.EventEmitter, good: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    thing.once(good, resolve);
    thing.once('error', reject);
  });

const KNOCKS: readonly [string, () => Promise<unknown>][] = [
  ['fetch', () => fetch(`http://127.0.0.1:${port}`)],
  ['http', () => first(get({ port, host: '127.0.0.1' }), 'response')],
  ['a TCP socket', () => first(connect(port, '127.0.0.1'), 'connect')],
  ['a TLS socket', () => first(connectSafely(port, '127.0.0.1'), 'secureConnect')],
  ['a local socket', () => first(connect('/tmp/none.sock'), 'connect')],
  ['a datagram', async () => createSocket('udp4').send('x', port, '127.0.0.1')],
  ['a listener', async () => createServer().listen(0)],
  ['a look-up', async () => lookup('localhost', () => undefined)],
  ['a look-up to wait for', () => lookupLater('localhost')],
  ['a process', async () => spawn('true')],
  ['a program', async () => execFile('true')],
];

describe('while the doors are closed', () => {
  test.each(KNOCKS)('%s is refused', async (_, knock) => {
    const said = await offline(async () => {
      try {
        await knock();
        return 'went through';
      } catch (error) {
        const cause = (error as Error).cause as Error | undefined;
        return `${(error as Error).message} ${cause?.message ?? ''}`;
      }
    });
    expect(said).toContain('a replay tried to');
  });
});

test('afterwards they are open again, also when the work failed', async () => {
  await expect(offline(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(204);
  expect(await first(spawn('true'), 'exit')).toBe(0);
});
