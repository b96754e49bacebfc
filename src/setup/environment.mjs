/** The Python half of set-up: .venv with torch and the worker at pinned versions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, venv, venvPython } from './paths.mjs';
import { SetupError, say } from './report.mjs';
import { collect, runQuietly } from './run.mjs';
import { hasStamp, keyOf, removeStamp, writeStamp } from './stamp.mjs';
import { satisfies, wantedPython } from './versions.mjs';

const worker = join(root, 'tools', 'worker');
const requirements = join(worker, 'requirements.txt');
const stamp = join(venv, '.recircuit-stamp');
/** Says that the folder is ours to remake. */
const mark = join(venv, '.recircuit');

const NAMES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python'];
const PIP = ['-m', 'pip', '--disable-pip-version-check', '--no-input', 'install'];

const key = () => keyOf([requirements, join(worker, 'pyproject.toml')]);

export const pythonEnvironment = {
  current: () => Boolean(process.env.RECIRCUIT_WORKER_PYTHON) || (existsSync(venvPython) && hasStamp(stamp, key())),
  async install() {
    if (!existsSync(stamp) || !existsSync(venvPython)) await makeVenv();
    removeStamp(stamp);
    // torch alone and first: which build is right for this machine is the index's choice, not the pins'.
    const torch = /^torch==\S+/m.exec(readFileSync(requirements, 'utf8'))?.[0];
    if (!torch) throw new SetupError(`${requirements} names no torch==version; restore the file from git.`);
    await pip(`Python packages: ${torch} (200 MB, or 3 GB with CUDA)`, [torch]);
    await pip('Python packages: the worker and its tests', ['-r', requirements]);
    await pip('Python packages: recircuit_worker itself', ['--no-deps', '--no-build-isolation', '-e', worker]);
    writeStamp(stamp, key());
  },
};

async function makeVenv() {
  if (existsSync(venv) && readdirSync(venv).length > 0) {
    if (!existsSync(mark)) {
      throw new SetupError(
        '.venv was not made by recircuit: move it away, or name its interpreter in RECIRCUIT_WORKER_PYTHON to use it as it is.',
      );
    }
    say('Python environment: an installation was interrupted; making it anew');
    rmSync(venv, { recursive: true, force: true });
  }
  const python = await findPython();
  mkdirSync(venv, { recursive: true });
  writeFileSync(mark, 'made by recircuit; removed and made again when an installation was interrupted\n');
  await runQuietly(`Python environment .venv (${python.name} ${python.version})`, python.name, ['-m', 'venv', venv], {
    cwd: root,
    env: process.env,
    advice: 'install the package that brings the venv module (on Debian and Ubuntu: apt install python3-venv)',
  });
}

function pip(what, args) {
  return runQuietly(what, venvPython, [...PIP, ...args], {
    cwd: root,
    env: process.env,
    advice: 'see the lines above; check the net, the disk and the package index, then run the same command again',
  });
}

/** The first interpreter that is new enough and able to make an environment. */
export async function findPython() {
  const range = wantedPython();
  const named = process.env.RECIRCUIT_PYTHON;
  const seen = [];
  for (const name of named ? [named] : NAMES) {
    const { code, output } = await collect(name, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
    const version = output.trim();
    if (code !== 0 || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    if (satisfies(version, range)) return { name, version };
    seen.push(`${name} is ${version}`);
  }
  const found = seen.length > 0 ? seen.join(', ') : `no ${named ?? 'python3'} was found`;
  throw new SetupError(`the worker needs Python ${range}, but ${found}: install one, or name it in RECIRCUIT_PYTHON.`);
}
