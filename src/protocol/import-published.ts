/**
 * Imports the published word pairs of the function-vector paper from a user's clone of its repository, so that nothing of it
 * need be shipped. What stands in the files is kept as it is, but for rows that no prompt could be made of, which are named.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { type BehaviourFile, hashOf, type Json, Refusal, type Task } from '../contract/index.ts';
import type { LoadedBehaviour } from './behaviours.ts';
import { badFile, checked, listNames, readJson, shown } from './files.ts';
import { publishedData } from './published-data.ts';

export interface ImportedFile {
  /** Below the data folder, e.g. `abstractive/antonym.json`. */
  readonly file: string;
  readonly task: string;
  readonly pairs: number;
  /** False: the file is not in the table of published files, so nobody vouches for it. */
  readonly verified: boolean;
}

export interface Imported {
  readonly behaviour: LoadedBehaviour;
  readonly files: readonly ImportedFile[];
  /** One sentence each: unverified files, and rows that were left out or trimmed. */
  readonly warnings: readonly string[];
}

type Pair = Task['pairs'][number];

const FOLDERS = ['abstractive', 'extractive'] as const;
const Rows = z.array(z.strictObject({ input: z.string(), output: z.string() })).min(1);

/**
 * @param folder a clone of the repository, its `dataset_files`, or any folder with `abstractive` or `extractive` in it
 * @param name of the new behaviour
 * @throws Refusal for a folder without data, a file that cannot be read, or one that differs from the published file
 */
export function importFunctionVectors(folder: string, name = 'function-vectors-published'): Imported {
  const home = dataFolder(folder);
  const { files: table, source } = publishedData();
  const warnings: string[] = [];
  const paths = FOLDERS.flatMap((kind) => listNames(join(home, kind), '.json').map((file) => `${kind}/${file}.json`));
  const read = paths.map((file) => {
    const path = join(home, file);
    const content = readJson(path, z.json());
    const verified = verify(path, content, table[file]);
    if (!verified) warnings.push(`${file} is not among the published files, so its content is not verified.`);
    return { file, verified, task: slugOf(file), pairs: pairsOf(checked(path, content, Rows), path, file, warnings) };
  });
  const [twice] = read.filter(({ task }, index) => read.findIndex((other) => other.task === task) !== index);
  if (twice) throw badFile(join(home, twice.file), `another file also gives a task named "${twice.task}"`);
  const tasks = withDomains(read);
  const file: BehaviourFile = {
    behaviour: name,
    kind: 'in-context',
    about: `Imported word pairs, ${tasks.length} tasks. ${warnings.length === 0 ? 'Every file is as published.' : warnings.join(' ')}`,
    source: `${source.paper} (arXiv ${source.arxiv}), ${source.repository} at ${source.commit}, ${source.licence} licence`,
    template: { input_prefix: 'Q:', output_prefix: 'A:', separator: '\n', end: '\n\n' },
    split_seed: 7,
    tasks: tasks.map(({ task, domain }) => ({
      task,
      domain,
      words: `words/${task}.csv`,
      input: 'input',
      output: 'output',
    })),
  };
  const files = read.map(({ file, task, verified, pairs }) => ({ file, task, verified, pairs: pairs.length }));
  return { behaviour: { file, tasks, contrast: null }, files, warnings };
}

function dataFolder(folder: string): string {
  const home = [folder, join(folder, 'dataset_files')].find((candidate) =>
    FOLDERS.some((kind) => listNames(join(candidate, kind), '.json').length > 0),
  );
  if (home !== undefined) return home;
  throw new Refusal({
    code: 'no-published-data',
    what: `nothing can be imported from ${shown(folder)}`,
    why: existsSync(folder) ? `it holds no JSON files in ${FOLDERS.join(' or ')}` : 'there is no such folder',
    instead: 'name a clone of ericwtodd/function_vectors',
  });
}

/** Returns whether the file is a published one. @throws Refusal where it has the name of one and other content */
function verify(path: string, content: Json, published: string | undefined): boolean {
  if (published === undefined) return false;
  if (hashOf(content) === published) return true;
  throw new Refusal({
    code: 'data-differs',
    what: `${shown(path)} cannot be imported`,
    why: 'it has the name of a published file but other content',
    instead: 'check it out again, or rename it to import it as your own',
  });
}

/** Returns the pairs, trimmed; a repeated input is left out, since as query it could meet its own answer in the prompt. */
function pairsOf(rows: Pair[], path: string, file: string, warnings: string[]): Pair[] {
  const pairs = new Map<string, Pair>();
  let [trimmed, empty, repeated] = [0, 0, 0];
  for (const row of rows) {
    const [input, output] = [row.input.trim(), row.output.trim()];
    if (input !== row.input || output !== row.output) trimmed++;
    if (input === '' || output === '') empty++;
    else if (pairs.has(input)) repeated++;
    else pairs.set(input, { input, output });
  }
  const note = (count: number, what: string): void => {
    if (count > 0) warnings.push(`${file}: ${count} ${count === 1 ? 'row' : 'rows'} ${what}.`);
  };
  note(trimmed, 'trimmed');
  note(empty, 'left out, an empty word');
  note(repeated, 'left out, an input that stands in an earlier row');
  if (pairs.size < 2) throw badFile(path, 'it has fewer than two different inputs, and both halves need one');
  return [...pairs.values()];
}

/** Tasks of which at least this share of all inputs is common are one domain, so that they are split alike. */
const COMMON = 0.5;

/** Gives each task the domain of the first earlier task with which it shares most inputs, or one of its own. */
function withDomains(read: ReadonlyArray<{ task: string; pairs: Pair[] }>): Task[] {
  const tasks: Task[] = [];
  for (const { task, pairs } of read) {
    const domain = tasks.find((earlier) => commonInputs(earlier.pairs, pairs) >= COMMON)?.domain ?? task;
    tasks.push({ task, domain, pairs });
  }
  return tasks;
}

function commonInputs(a: readonly Pair[], b: readonly Pair[]): number {
  const [ours, theirs] = [a, b].map((pairs) => new Set(pairs.map(({ input }) => input))) as [Set<string>, Set<string>];
  const common = [...ours].filter((input) => theirs.has(input)).length;
  return common / (ours.size + theirs.size - common);
}

function slugOf(file: string): string {
  const name = file.slice(file.indexOf('/') + 1, -'.json'.length).toLowerCase();
  return name.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
}
