/** What planners are given from outside: prompts, where and with which key to ask, and whoever sits at the terminal. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, type Outside, Prompts } from '../../agents/index.ts';
import { root } from '../root.ts';
import { person } from './person.ts';

const folder = join(root, 'agents/prompts');

const variable = (...names: string[]): string | undefined =>
  names.map((name) => process.env[name]).find((value) => value !== undefined && value !== '');

/** The variables that the providers' own tools read. */
const CHAT: Readonly<Record<string, () => Connection>> = {
  openai: () => ({ apiKey: variable('OPENAI_API_KEY'), baseURL: variable('OPENAI_BASE_URL') }),
  ollama: () => ({ apiKey: undefined, baseURL: variable('OLLAMA_HOST') }),
  'google-genai': () => ({
    apiKey: variable('GOOGLE_API_KEY', 'GEMINI_API_KEY'),
    baseURL: variable('GOOGLE_GEMINI_BASE_URL'),
  }),
};

export const outside: Outside = {
  prompts: () =>
    Prompts.parse(
      Object.fromEntries(
        readdirSync(folder)
          .filter((file) => file.endsWith('.md'))
          .map((file) => [file.slice(0, -'.md'.length), readFileSync(join(folder, file), 'utf8')]),
      ),
    ),
  anthropic: () => ({ apiKey: variable('ANTHROPIC_API_KEY'), baseURL: variable('ANTHROPIC_BASE_URL') }),
  chat: (provider) => CHAT[provider]?.() ?? { apiKey: undefined, baseURL: undefined },
  person,
};
