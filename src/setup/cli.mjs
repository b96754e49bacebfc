/** Runs the CLI in this process, so that a signal to us reaches the work itself. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

/** Returns the exit code that the CLI has set. */
export async function runCli(args) {
  const main = join(root, 'src', 'cli', 'main.ts');
  const { register } = await import('tsx/esm/api');
  register();
  process.argv = [process.argv[0], main, ...args];
  await import(pathToFileURL(main).href);
  return process.exitCode ?? 0;
}
