/** Where set-up puts things. Plain JavaScript without dependencies, since it is read before anything is installed. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const venv = join(root, '.venv');

/** The interpreter inside the environment that set-up makes. */
export const venvPython =
  process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');

/** Returns the interpreter that runs the worker: the one named by RECIRCUIT_WORKER_PYTHON, else ours. */
export function workerPython(env = process.env) {
  return env.RECIRCUIT_WORKER_PYTHON || venvPython;
}

/** Returns whether set-up has made the environment or another interpreter is named. */
export function hasWorkerPython(env = process.env) {
  return Boolean(env.RECIRCUIT_WORKER_PYTHON) || existsSync(venvPython);
}
