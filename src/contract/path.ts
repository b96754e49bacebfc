/**
 * Reads a path such as `clean.tasks[].accuracy` in named results. It stands in the contract because protocols, planners and
 * checkers must all read a path the same way. Nothing is computed here; a path that leads nowhere says where it ends.
 */
import type { Json } from './names.ts';

export type PathResult =
  | { readonly found: true; readonly value: Json }
  | { readonly found: false; readonly why: string };

/**
 * Follows `path` from named values: `.word` is a field, `[]` goes on from each item of a list (nested lists are joined into
 * one), `.#` is the length of a list, `.0` its first item.
 * Contract: never throws; only own fields are seen.
 */
export function readPath(path: string, values: Readonly<Record<string, Json>>): PathResult {
  return follow(path.split('.'), 0, values as { [key: string]: Json });
}

/** Returns the first word of a path: the name of the result that it reads. */
export function nameIn(path: string): string {
  return (path.split('.')[0] as string).replace('[]', '');
}

function follow(words: readonly string[], at: number, node: Json): PathResult {
  const word = words[at];
  if (word === undefined) return { found: true, value: node };
  const here = words.slice(0, at).join('.') || 'the results';
  if (word === '#') {
    return Array.isArray(node)
      ? follow(words, at + 1, node.length)
      : lost(`${here} is not a list, so it has no length`);
  }
  const field = word.replace('[]', '');
  if (Array.isArray(node) && /^\d+$/.test(word)) {
    const item = node[Number(word)];
    return item === undefined
      ? lost(`${here} has ${node.length} items, and none at ${word}`)
      : follow(words, at + 1, item);
  }
  if (Array.isArray(node)) return lost(`${here} is a list; write ${here}[] for each of its items`);
  if (node === null || typeof node !== 'object')
    return lost(`${here} is ${node === null ? 'null' : `a ${typeof node}`} and has no fields`);
  if (!Object.hasOwn(node, field)) return lost(`${here} ${at === 0 ? 'have' : 'has'} no "${field}"`);
  const value = node[field] as Json;
  if (!word.endsWith('[]')) return follow(words, at + 1, value);
  if (!Array.isArray(value)) return lost(`${words.slice(0, at).concat(field).join('.')} is not a list`);
  return followEach(words, at + 1, value);
}

function followEach(words: readonly string[], at: number, items: readonly Json[]): PathResult {
  const nested = words.slice(at).some((word) => word.endsWith('[]'));
  const all: Json[] = [];
  for (const [index, item] of items.entries()) {
    const result = follow(words, at, item);
    if (!result.found) return lost(`item ${index}: ${result.why}`);
    if (nested && Array.isArray(result.value)) all.push(...result.value);
    else all.push(result.value);
  }
  return { found: true, value: all };
}

function lost(why: string): PathResult {
  return { found: false, why };
}
