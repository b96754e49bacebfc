/** Folders that tests may fill. They lie in one folder, which goes with the run of the tests, whatever a test killed or left open. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepNursery, workerPython } from './worker/index.ts';

const RUN = 'RECIRCUIT_TEST_FOLDER';

/** Called by Vitest before it starts the processes of the tests, which inherit the variable; what it returns is called at the end. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-tests-'));
  process.env[RUN] = folder;
  // Runs that tests seal are signed with a key of theirs, never with the user's.
  process.env['RECIRCUIT_KEY_FILE'] = join(folder, 'signing-key.pem');
  // Tests run beside each other: one thread each. A worker with other settings than the nursery's is not forked by it.
  process.env['OMP_NUM_THREADS'] ??= '1';
  const endNursery = keepNursery(workerPython());
  return () => {
    endNursery();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Returns a new empty folder. */
export function temporaryFolder(): string {
  const run = process.env[RUN];
  if (run === undefined) throw new Error(`${RUN} is not set: src/vitest.config.ts sets it`);
  return mkdtempSync(join(run, 'test-'));
}
