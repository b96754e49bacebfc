/** Makes the checkout ready to run. When it is ready already, two hashes are all it costs. */
import { join } from 'node:path';
import { pythonEnvironment } from './environment.mjs';
import { withLock } from './lock.mjs';
import { nodePackages } from './packages.mjs';
import { root } from './paths.mjs';
import { say, seconds } from './report.mjs';
import { checkNode } from './versions.mjs';

const parts = [nodePackages, pythonEnvironment];

/** @throws SetupError when something cannot be installed; running it again goes on from there. */
export async function ensureSetup() {
  checkNode();
  const open = () => parts.filter((part) => !part.current());
  if (open().length === 0) return;
  const begun = performance.now();
  await withLock(join(root, '.recircuit', 'setup.lock'), async () => {
    // Beside each other: compiling SQLite is long and keeps one core busy. Each is let come to its end, so that none is left half done.
    const ended = await Promise.allSettled(open().map((part) => part.install()));
    const failed = ended.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
  });
  say(`ready after ${seconds(begun)}`);
}
