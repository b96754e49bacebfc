/**
 * Behaviours as they are written in `protocols/behaviours`, with their word lists read. The halves are made in `split.ts`.
 * More behaviours (imported ones, or one's own) may lie in the folder that RECIRCUIT_BEHAVIOURS names.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type * as z from 'zod';
import { BehaviourFile, type Task, type TaskFile } from '../contract/index.ts';
import { type Contrast, readContrast } from './contrast.ts';
import { readCsv, type Table } from './csv.ts';
import { badFile, homesOf, listNames, protocolsFolder, readText, readYaml, standsTwice } from './files.ts';
import { unknownName } from './names.ts';

const VARIABLE = 'RECIRCUIT_BEHAVIOURS';

export interface LoadedBehaviour {
  readonly file: BehaviourFile;
  /** In-context functions: all pairs of every task, both halves, in the order of the word list; else empty. */
  readonly tasks: readonly Task[];
  /** Contrast pairs only. */
  readonly contrast: Contrast | null;
}

/** The names of a behaviour's tasks, whatever their kind. */
export function taskNames({ tasks, contrast }: LoadedBehaviour): string[] {
  return [...tasks, ...(contrast?.tasks ?? [])].map(({ task }) => task);
}

export interface BehaviourOptions {
  /** Folders beside the checkout's own; default: RECIRCUIT_BEHAVIOURS. */
  readonly folders?: readonly string[];
}

/** Returns the names of all behaviours that can be loaded, in order. */
export function behaviourNames(options: BehaviourOptions = {}): string[] {
  return [...new Set(homes(options).flatMap(behavioursIn))].sort();
}

/** @throws Refusal for an unknown name (with the nearest one) or a file that cannot be used */
export function loadBehaviour(name: string, options: BehaviourOptions = {}): LoadedBehaviour {
  const folders = homes(options).filter((home) => behavioursIn(home).includes(name));
  const [folder] = folders;
  if (folder === undefined) throw unknownName('behaviour', name, behaviourNames(options));
  if (folders.length > 1) throw standsTwice('behaviour', name, folders.length, VARIABLE);
  return readBehaviour(join(folder, name), name);
}

/** Reads one behaviour folder, wherever it lies. */
export function readBehaviour(folder: string, name: string): LoadedBehaviour {
  const path = join(folder, 'behaviour.yaml');
  const file = readYaml(path, BehaviourFile);
  if (file.behaviour !== name)
    throw badFile(path, `it names itself "${file.behaviour}" but lies in the folder "${name}"`);
  const tables = new Map<string, Table>();
  if (file.kind === 'contrast-pairs') {
    const column = (of: { words: string; column: string }): string[] =>
      readColumn(folder, path, of.words, of.column, 'a list', tables);
    return { file, tasks: [], contrast: readContrast(file, path, column) };
  }
  if (file.kind === 'repeated-tokens') return { file, tasks: [], contrast: null };
  const repeated = file.tasks.find(({ task }, index) => file.tasks.findIndex((other) => other.task === task) !== index);
  if (repeated) throw badFile(path, `task "${repeated.task}" stands twice`);
  return { file, tasks: file.tasks.map((task) => readTask(folder, path, task, tables)), contrast: null };
}

function readTask(folder: string, path: string, task: z.infer<typeof TaskFile>, tables: Map<string, Table>): Task {
  const read = (column: string): string[] =>
    readColumn(folder, path, task.words, column, `task "${task.task}"`, tables);
  const outputs = read(task.output);
  const pairs = read(task.input).map((input, row) => ({ input, output: outputs[row] as string }));
  refuseRepeats(resolve(folder, task.words), pairs);
  return { task: task.task, domain: task.domain, pairs };
}

/** Returns the cells of a column; each file is read once. */
function readColumn(
  folder: string,
  path: string,
  file: string,
  column: string,
  asker: string,
  tables: Map<string, Table>,
): string[] {
  const words = resolve(folder, file);
  if (!words.startsWith(`${resolve(folder)}/`)) throw badFile(path, `word list "${file}" lies outside the behaviour`);
  const table = tables.get(words) ?? readCsv(readText(words), words);
  tables.set(words, table);
  const index = table.columns.indexOf(column);
  if (index < 0) throw badFile(path, `${asker} asks for column "${column}"; ${file} has ${table.columns.join(', ')}`);
  return table.rows.map((row) => row[index] as string);
}

/** An input that stands twice could be query and demonstration of one prompt, and give its own answer away. */
function refuseRepeats(file: string, pairs: Task['pairs']): void {
  const seen = new Set<string>();
  for (const { input } of pairs) {
    if (seen.has(input)) throw badFile(file, `the input "${input}" stands in two rows`);
    seen.add(input);
  }
}

function homes({ folders }: BehaviourOptions): string[] {
  if (folders === undefined) return homesOf('behaviours', VARIABLE);
  return [...new Set([join(protocolsFolder, 'behaviours'), ...folders.map((folder) => resolve(folder))])];
}

function behavioursIn(home: string): string[] {
  return listNames(home).filter((name) => existsSync(join(home, name, 'behaviour.yaml')));
}
