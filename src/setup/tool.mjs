/** Command lines of the development tools, by the package's own script, so that no shell and no .cmd file is needed. */
import { join } from 'node:path';
import { root, workerPython } from './paths.mjs';

const script = (...path) => [process.execPath, join(root, 'node_modules', ...path)];

export const tool = {
  biome: () => script('@biomejs', 'biome', 'bin', 'biome'),
  tsc: () => script('typescript', 'bin', 'tsc'),
  knip: () => script('knip', 'bin', 'knip.js'),
  vitest: () => script('vitest', 'vitest.mjs'),
  tsx: () => [process.execPath, '--import', 'tsx'],
  python: () => [workerPython()],
};
