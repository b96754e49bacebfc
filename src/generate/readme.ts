/** The grid of the README, drawn from the committed bundle of evidence, so that it says what was measured and what is stale by now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gridOfBundle } from '../grid/index.ts';
import { placesMarkdown } from '../report/index.ts';
import { root } from '../root.ts';

const BUNDLE = 'runs/published/grid';
const BLOCK = /(<!-- grid: [^\n]*-->\n)[\s\S]*?(<!-- end of grid -->)/;

/** Returns the README with the grid as it is now. */
export function readmeWithGrid(): string {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  if (!BLOCK.test(text)) throw new Error('README.md has no place for the grid, between two comments');
  return text.replace(
    BLOCK,
    (_, before: string, after: string) => `${before}\n${placesMarkdown(gridOfBundle(join(root, BUNDLE)))}\n${after}`,
  );
}
