/** Whether this Node and a Python can run us. The ranges stand in package.json and pyproject.toml; only the forms used there are understood. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { SetupError } from './report.mjs';

/** Returns the `engines.node` range of package.json. */
export function wantedNode() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
}

/** Returns the `requires-python` range of the worker's pyproject.toml. */
export function wantedPython() {
  const file = join(root, 'tools', 'worker', 'pyproject.toml');
  const range = /^requires-python = "(.+)"$/m.exec(readFileSync(file, 'utf8'))?.[1];
  if (!range) throw new SetupError(`${file} names no requires-python; restore the file from git.`);
  return range;
}

/** Returns whether `version` (`20.19.1`) lies in `range` (`>=20.19 <21 || >=22.14`). */
export function satisfies(version, range) {
  const numbers = (text) => [0, 1, 2].map((part) => Number(text.split('.')[part] ?? 0));
  const compare = (a, b) => a.map((value, i) => value - b[i]).find((difference) => difference !== 0) ?? 0;
  const holds = (clause) => {
    const [, operator, bound] = /^(>=|<)([\d.]+)$/.exec(clause) ?? [];
    if (!operator) throw new SetupError(`the range of versions ${range} is not understood here.`);
    const difference = compare(numbers(version), numbers(bound));
    return operator === '>=' ? difference >= 0 : difference < 0;
  };
  return range.split('||').some((option) => option.trim().split(/\s+/).every(holds));
}

export function checkNode() {
  const range = wantedNode();
  if (satisfies(process.versions.node, range)) return;
  throw new SetupError(
    `Node ${process.versions.node} cannot run recircuit: it needs Node ${range}; install Node 20 LTS or 22.`,
  );
}
