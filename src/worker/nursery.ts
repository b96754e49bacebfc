/**
 * Keeps a nursery (tools/worker/recircuit_worker/nursery.py): workers of this process, and of those that it starts, are forked
 * from it and save the five seconds of importing torch. Where there is none, or it does not fit, workers start by themselves.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { root } from '../root.ts';
import { workerEnvironment } from './environment.ts';

/** Names the nursery's socket; workers read it, see nursery.py. */
const ADDRESS = 'RECIRCUIT_NURSERY';

/**
 * Starts a nursery for the workers of this interpreter, unless there is one already, and does not wait for it. It ends with us.
 * @returns what ends it sooner.
 */
export function keepNursery(python: string): () => void {
  if (process.env[ADDRESS] !== undefined || process.platform !== 'linux') return () => undefined;
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-nursery-'));
  const address = join(folder, 'socket');
  const child = execa(python, ['-u', '-m', 'recircuit_worker', '--nursery', address], {
    cwd: root,
    env: workerEnvironment(),
    extendEnv: false,
    stdio: 'ignore',
    reject: false,
    cleanup: true,
  });
  child.unref();
  process.env[ADDRESS] = address;
  const end = (): void => {
    child.kill('SIGTERM'); // it takes its folder along, as it does where we are killed
    delete process.env[ADDRESS];
    process.removeListener('exit', end);
  };
  process.once('exit', end);
  return end;
}
