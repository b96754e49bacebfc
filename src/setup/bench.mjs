/**
 * `npm run bench`: the benchmarks, in an environment of their own that also holds the libraries that are compared. Where that
 * cannot be made, they run without those libraries and the tables say so.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findPython } from './environment.mjs';
import { withLock } from './lock.mjs';
import { root, workerPython } from './paths.mjs';
import { SetupError, say } from './report.mjs';
import { runQuietly, runVisibly } from './run.mjs';
import { hasStamp, keyOf, removeStamp, writeStamp } from './stamp.mjs';
import { runSuite } from './suite.mjs';

const venv = join(root, '.venv-bench');
const python = process.platform === 'win32' ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
const requirements = join(root, 'tools', 'worker', 'recircuit_worker', 'benchmarks', 'requirements.txt');
const stamp = join(venv, '.recircuit-stamp');
const key = () => keyOf([requirements]);

/** What is measured of patching without a GPU; only the sweeps are run beside other libraries. */
const ALL = [
  ['--shape', 'gpt2-small'],
  ['--shape', 'icl-gemma2'],
  ...['protocol', 'growth', 'memory', 'paths'].map((what) => ['--what', what, '--rivals', 'none']),
];

/** Runs one benchmark of patching, or all there are, that of the record too. Returns an exit code that is not 0 if there is one. */
export async function runBenchmarks([which, ...args]) {
  if (which !== 'all' && which !== 'patching')
    throw new SetupError(`there is no benchmark \`${which}\`: use patching, or all.`);
  let code = 0;
  for (const own of which === 'all' ? ALL : [[]]) code = (await runOne([...own, ...args])) || code;
  return (which === 'all' && (await runSuite('record', []))) || code;
}

async function runOne(args) {
  const alone =
    args[args.lastIndexOf('--rivals') + 1] === 'none' || (args.includes('--what') && !args.includes('sweep'));
  const interpreter = alone ? workerPython() : await withLibraries();
  const path = [join(root, 'tools', 'worker'), process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const env = { ...process.env, PYTHONPATH: path };
  return runVisibly(interpreter, ['-m', 'recircuit_worker.benchmarks.patching', ...args], { cwd: root, env });
}

/** Returns the interpreter that has the libraries, or the worker's own where they cannot be installed. */
async function withLibraries() {
  try {
    if (!existsSync(python) || !hasStamp(stamp, key())) {
      await withLock(join(root, '.recircuit', 'bench.lock'), install);
    }
    return python;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${error.message} Going on without TransformerLens and nnsight.`);
    return workerPython();
  }
}

async function install() {
  if (existsSync(python) && hasStamp(stamp, key())) return; // another run made it while we waited
  const found = await findPython();
  removeStamp(stamp);
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(venv, { recursive: true });
  const options = { cwd: root, env: process.env, advice: 'see the lines above' };
  await runQuietly('Python environment .venv-bench', found.name, ['-m', 'venv', venv], options);
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', 'install', '-r', requirements];
  await runQuietly('Python packages: TransformerLens, nnsight and what they need (1.6 GB)', python, pip, options);
  writeStamp(stamp, key());
}
