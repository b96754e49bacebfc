/** The log of the machinery: what the worker says on stderr and what its client does about it. It is no record. */
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Home } from './cli.ts';

/**
 * Returns a log that appends JSON lines to `recircuit.log` in the home folder. Written at once: an asynchronous log loses its
 * last lines, the ones that tell why, when the process is killed.
 */
export function logIn({ folder }: Home): Logger {
  return pino({ base: null, level: 'debug' }, pino.destination({ dest: join(folder, 'recircuit.log'), sync: true }));
}
