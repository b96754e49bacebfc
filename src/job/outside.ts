/** What the language planners are given from outside: their prompts, and where and with which key to ask. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Outside, Prompts } from '../../agents/index.ts';
import { root } from '../root.ts';

const folder = join(root, 'agents/prompts');

export const outside: Outside = {
  prompts: () =>
    Prompts.parse(
      Object.fromEntries(
        readdirSync(folder)
          .filter((file) => file.endsWith('.md'))
          .map((file) => [file.slice(0, -'.md'.length), readFileSync(join(folder, file), 'utf8')]),
      ),
    ),
  anthropic: () => ({
    apiKey: process.env['ANTHROPIC_API_KEY'] || undefined,
    baseURL: process.env['ANTHROPIC_BASE_URL'] || undefined,
  }),
};
