/** One typed line as words: a name, `key=value` pairs, and what stands alone. Knows the spelling only, not what it means. */
import { type Json, Refusal } from '../../../src/contract/index.ts';

export interface Line {
  readonly name: string;
  readonly pairs: readonly (readonly [key: string, value: string])[];
  readonly words: readonly string[];
  /** Everything after the name, as it was typed. */
  readonly rest: string;
}

const PAIR = /^([\w-]+(?:\.[\w-]+)*)=(.*)$/s;

export function lineOf(text: string): Line {
  const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(text) ?? [];
  const parts = split(rest);
  return {
    name,
    rest,
    pairs: parts.flatMap((part) => {
      const [, key, value] = PAIR.exec(part) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
    words: parts.filter((part) => !PAIR.test(part)),
  };
}

/** Splits at spaces and commas that stand in no quotes and no brackets. */
export function split(text: string, at: ' ' | ',' = ' '): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const c = text[index] ?? '';
    if (quoted && c === '\\') {
      part += c + (text[++index] ?? '');
      continue;
    }
    if (c === '"') quoted = !quoted;
    if (!quoted) depth += '[{'.includes(c) ? 1 : ']}'.includes(c) ? -1 : 0;
    const ends = !quoted && depth <= 0 && (at === ' ' ? /\s/.test(c) : c === at);
    if (!ends) part += c;
    else if (part !== '') parts.push(part);
    if (ends) part = '';
  }
  return part === '' ? parts : [...parts, part];
}

/**
 * Returns what a value stands for: JSON where it looks like it, `$name.path` for what a result holds, `$others:name.path` for as many other heads, `$seed`, else its own text.
 * @throws Refusal for JSON that is not whole
 */
export function meaningOf(text: string): Json {
  if (text === '$seed') return { $run: 'seed' };
  if (text.startsWith('$others:')) return { $others: { $from: text.slice('$others:'.length) } };
  if (text.startsWith('$')) return { $from: text.slice(1) };
  if (!/^(?:["[{]|-?\d|true$|false$|null$)/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    if (/^-?\d/.test(text)) return text;
    throw unreadable(text, 'it begins as JSON and is none');
  }
}

export function unreadable(what: string, why: string): Refusal {
  return new Refusal({ code: 'unreadable', what: `\`${what}\``, why, instead: 'see `help`' });
}
