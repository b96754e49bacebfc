/** `npm run generate` writes every generated file; `--check` reports the ones that are not current and writes nothing. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../root.ts';
import { outputs } from './outputs.ts';

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const { path, render } of outputs) {
  const file = join(root, path);
  const content = render();
  let current: string | undefined;
  try {
    current = readFileSync(file, 'utf8');
  } catch {
    current = undefined; // not written yet: stale like any other difference
  }
  if (current === content) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
const verb = check ? 'not current' : 'written';
console.log(stale.length === 0 ? 'generated files: all current' : stale.map((path) => `${verb}: ${path}`).join('\n'));
if (check && stale.length > 0) {
  console.log('run `npm run generate` and commit what it writes');
  process.exit(1);
}
