/** The Node half of set-up: node_modules as package-lock.json says, for this Node. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { say } from './report.mjs';
import { collect, runQuietly } from './run.mjs';
import { hasStamp, keyOf, removeStamp, writeStamp } from './stamp.mjs';

const lockFile = join(root, 'package-lock.json');
const hiddenLock = join(root, 'node_modules', '.package-lock.json');
const stamp = join(root, 'node_modules', '.recircuit-stamp');

// better-sqlite3 is compiled for one version of Node's binary interface.
const key = () => keyOf([lockFile], [process.versions.modules, process.platform, process.arch]);

export const nodePackages = {
  current: () => hasStamp(stamp, key()),
  async install() {
    if (await installedByHand()) {
      say('Node packages: the ones installed by hand are as package-lock.json says');
    } else {
      removeStamp(stamp);
      const [command, ...first] = npm();
      await runQuietly(
        'Node packages (npm ci; compiles SQLite, about 90 s)',
        command,
        [...first, 'ci', '--include=dev'],
        {
          cwd: root,
          env: process.env,
          advice:
            'see the lines above; compiling better-sqlite3 needs Python, make and a C++ compiler, and Node headers ' +
            '(from the net, or a folder named by npm_config_nodedir); then run the same command again',
        },
      );
    }
    writeStamp(stamp, key());
  },
};

/** npm as it was called, or the one on PATH. */
function npm() {
  const script = process.env.npm_execpath;
  if (script && /npm-cli\.c?js$/.test(script)) return [process.execPath, script];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/** Whether somebody ran `npm ci` already, to its end and for this Node. */
async function installedByHand() {
  if (!existsSync(hiddenLock)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const found = JSON.parse(readFileSync(hiddenLock, 'utf8')).packages;
  const same = Object.entries(wanted).every(([path, { version, optional }]) => {
    return path === '' || found[path]?.version === version || (optional && !found[path]);
  });
  if (!same) return false;
  const probe = "new (require('better-sqlite3'))(':memory:')";
  return (await collect(process.execPath, ['-e', probe], { cwd: root })).code === 0;
}
