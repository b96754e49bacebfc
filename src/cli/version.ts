/** The version of this checkout, as package.json says it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.ts';

export function version(): string {
  const { version: said } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return said;
}
