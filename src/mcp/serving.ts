/** What an agent must know of this server beside the craft: the text of serving.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.ts';

export const serving = readFileSync(join(root, 'src/mcp/serving.md'), 'utf8').trim();
