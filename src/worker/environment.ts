/**
 * What of our environment a worker sees: an allow-list, so that no key reaches the process that loads foreign weights.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from '../root.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names passed on, exactly or by prefix. */
const ALLOWED: readonly RegExp[] = [
  /^(PATH|HOME|LANG|LC_ALL|TMPDIR|TEMP|TMP|SYSTEMROOT|LD_LIBRARY_PATH|OMP_NUM_THREADS|HF_HOME|HF_HUB_CACHE)$/,
  /^(PYTHON|CUDA|RECIRCUIT_|MKL_|MALLOC_)/,
];

/** A name that looks like a secret is left out even where its prefix is allowed. */
const SECRET = /(KEY|TOKEN|SECRET|PASSWORD)/;

/** Settings every worker gets; a variable that the caller has set wins. */
const DEFAULTS: Environment = {
  TOKENIZERS_PARALLELISM: 'false',
  PYTHONUNBUFFERED: '1',
  PYTHONUTF8: '1',
  // glibc gives memory of large tensors back to the system after each use; the page faults of taking it again were
  // a measurable share of small forward passes.
  MALLOC_MMAP_THRESHOLD_: '1073741824',
  MALLOC_TRIM_THRESHOLD_: '17179869184',
  MALLOC_TOP_PAD_: '268435456',
};

/** A worker downloads nothing by itself, whatever the shell says; only the caller's `extra` can lift this. */
const FIXED: Environment = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' };

/** Returns the environment of a worker: allowed names of `from`, our settings, then `extra`. */
export function workerEnvironment(from: Environment = process.env, extra: Environment = {}): Record<string, string> {
  const passed = Object.entries(from).filter(
    ([name]) => ALLOWED.some((pattern) => pattern.test(name)) && !SECRET.test(name),
  );
  const merged: Record<string, string | undefined> = { ...DEFAULTS, ...Object.fromEntries(passed), ...FIXED, ...extra };
  const pythonPath = pythonPathWith(merged['PYTHONPATH']);
  if (pythonPath !== undefined) merged['PYTHONPATH'] = pythonPath;
  return Object.fromEntries(
    Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** In a checkout its own worker goes first, so that orchestrator and worker are of one commit; else the installed one serves. */
function pythonPathWith(current: string | undefined): string | undefined {
  const here = join(root, 'tools', 'worker');
  if (!existsSync(join(here, 'recircuit_worker'))) return current;
  return current ? `${here}${delimiter}${current}` : here;
}
