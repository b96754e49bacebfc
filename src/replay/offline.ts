/**
 * Runs work with the doors closed: no socket connects or listens, no name is looked up, no process is started. Whatever tries gets
 * an error, so that a replay which ends well has shown that it needed nothing but the record.
 */
import { ChildProcess } from 'node:child_process';
import { Socket as DatagramSocket } from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { Server, Socket } from 'node:net';
import { Fault } from '../contract/index.ts';

type Door = { readonly on: object; readonly name: string };

const DOORS: readonly Door[] = [
  { on: Socket.prototype, name: 'connect' },
  { on: Server.prototype, name: 'listen' },
  { on: DatagramSocket.prototype, name: 'bind' },
  { on: DatagramSocket.prototype, name: 'connect' },
  { on: DatagramSocket.prototype, name: 'send' },
  { on: ChildProcess.prototype, name: 'spawn' },
  { on: dns, name: 'lookup' },
  { on: dns.promises, name: 'lookup' },
];

/** Contract: the doors are open again afterwards, whatever happened. Nothing else of the process may need them meanwhile. */
export async function offline<T>(work: () => Promise<T>): Promise<T> {
  const before = DOORS.map(({ on, name }) => Reflect.get(on, name) as unknown);
  for (const { on, name } of DOORS) Reflect.set(on, name, () => refuse(name));
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const [index, { on, name }] of DOORS.entries()) Reflect.set(on, name, before[index]);
    syncBuiltinESMExports();
  }
}

function refuse(name: string): never {
  throw new Fault({
    code: 'offline',
    what: `a replay tried to ${name}`,
    why: 'it decides from the record alone, without network and without other processes',
    instead: 'report this: something that is not recorded went into a decision',
  });
}
