/** Whether this Node can run us. The range stands in package.json; only the forms used there are understood. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { SetupError } from './report.mjs';

/** Returns the `engines.node` range of package.json. */
export function wantedNode() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node;
}

/** Returns whether `version` (`20.19.1`) lies in `range` (`>=20.19 <21 || >=22.14`). */
export function satisfies(version, range) {
  const numbers = (text) => [0, 1, 2].map((part) => Number(text.split('.')[part] ?? 0));
  const compare = (a, b) => a.map((value, i) => value - b[i]).find((difference) => difference !== 0) ?? 0;
  const holds = (clause) => {
    const [, operator, bound] = /^(>=|<)([\d.]+)$/.exec(clause) ?? [];
    if (!operator) throw new SetupError(`package.json asks for Node ${range}, which is not understood here.`);
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
