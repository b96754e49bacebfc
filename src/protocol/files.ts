/**
 * Reads files of `protocols/`: YAML or JSON, checked by a schema. What is wrong is said in one sentence with the file and
 * the place in it; nothing is corrected.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import { Refusal } from '../contract/index.ts';
import { root } from '../root.ts';

/** Returns the content of a YAML file that `schema` accepts. @throws Refusal */
export function readYaml<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  const document = parseDocument(readText(file));
  const [error] = document.errors;
  if (error) throw badFile(file, firstLine(error.message));
  return checked(file, document.toJS({ maxAliasCount: 100 }), schema);
}

/** Returns the content of a JSON file that `schema` accepts. @throws Refusal */
export function readJson<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  const text = readText(file);
  try {
    return checked(file, JSON.parse(text), schema);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw badFile(file, `it is not JSON (${cause.message})`, cause);
    throw cause;
  }
}

/** Returns `value` as `schema` reads it. @throws Refusal naming `file` and the first wrong place */
export function checked<S extends z.ZodType>(file: string, value: unknown, schema: S): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badFile(file, explain(result.error.issues));
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw badFile(
      file,
      code === 'ENOENT' ? 'it does not exist' : `it cannot be read (${code ?? 'unknown error'})`,
      cause,
    );
  }
}

/** Returns names of folders (or files of that ending, without it) in a folder, in order; none where the folder is missing. */
export function listNames(folder: string, ending?: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.flatMap((entry) => {
    if (ending === undefined) return entry.isDirectory() ? [entry.name] : [];
    return entry.name.endsWith(ending) ? [entry.name.slice(0, -ending.length)] : [];
  });
  return names.filter((name) => !name.startsWith('.')).sort();
}

/** Returns the path from the checkout, so that messages are the same on every machine; paths outside stay as they are. */
export function shown(file: string): string {
  const short = relative(root, file);
  return short.startsWith('..') || isAbsolute(short) ? file : short;
}

export function badFile(file: string, why: string, cause?: unknown): Refusal {
  return new Refusal(
    {
      code: 'bad-file',
      what: `${shown(file)} cannot be used`,
      why,
      instead: 'mend the file; the schemas in src/contract/generated give completion in an editor',
    },
    { cause },
  );
}

/** Where the behaviours, findings and models of the checkout lie. */
export const protocolsFolder = join(root, 'protocols');

/** Returns the folders in which behaviours or findings lie: the checkout's own, then those that a variable names, with colons. @throws Refusal where one is not there */
export function homesOf(kind: 'behaviours' | 'findings', variable: string): string[] {
  const others = (process.env[variable] ?? '').split(':').filter((folder) => folder !== '');
  for (const folder of others)
    if (!existsSync(folder))
      throw new Refusal({
        code: 'no-folder',
        what: `${variable} names ${folder}`,
        why: 'there is no such folder',
        instead: `name folders of ${kind} that are there, with colons between them`,
      });
  return [...new Set([join(protocolsFolder, kind), ...others.map((folder) => resolve(folder))])];
}

export function standsTwice(noun: string, name: string, folders: number, variable: string): Refusal {
  return new Refusal({
    code: `two-${noun}s`,
    what: `${noun} "${name}" cannot be loaded`,
    why: `it stands in ${folders} folders, and a run must not depend on their order`,
    instead: `rename the one in the folder of ${variable}`,
  });
}

function firstLine(message: string): string {
  return (message.split('\n')[0] as string).replace(/:$/, '');
}

/** Returns the first wrong place in words. Of a union, the branch with the fewest complaints is the one that was meant. */
function explain(issues: readonly z.core.$ZodIssue[], prefix: ReadonlyArray<PropertyKey> = []): string {
  const issue = issues[0] as z.core.$ZodIssue;
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [closest] = [...issue.errors].sort((a, b) => a.length - b.length);
    if (closest && closest.length > 0) return explain(closest, path);
  }
  const place = path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
  return `${place === '' ? 'the top level' : `"${place}"`}: ${issue.message}`;
}
