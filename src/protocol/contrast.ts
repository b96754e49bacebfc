/**
 * Contrast pairs as they are written: lists read, parameters of a task put into its pattern. What a schema cannot see in
 * them is looked for in `contrast-problems.ts`; drawing is the worker's.
 */
import type * as z from 'zod';
import type { ContrastFile, ContrastTask, Slot } from '../contract/index.ts';
import { contrastProblems } from './contrast-problems.ts';
import { badFile } from './files.ts';

export interface Contrast {
  readonly lists: Readonly<Record<string, string[]>>;
  readonly tasks: readonly ContrastTask[];
}

type ListFile = ContrastFile['lists'][string];
type Column = Extract<ListFile, { words: string }>;

/** @param column reads a column of a word list that lies beside the behaviour. @throws Refusal naming `path` */
export function readContrast(file: ContrastFile, path: string, column: (of: Column) => string[]): Contrast {
  const lists = Object.fromEntries(Object.entries(file.lists).map(([name, list]) => [name, items(list, column)]));
  const tasks = file.tasks.map((task) => resolved(file, task, path));
  const [problem] = contrastProblems({ lists, tasks });
  if (problem !== undefined) throw badFile(path, problem);
  return { lists, tasks };
}

function items(list: ListFile, column: (of: Column) => string[]): string[] {
  if (Array.isArray(list)) return list;
  if ('words' in list) return column(list);
  const { low, high, digits } = list;
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => String(low + index).padStart(digits, '0'));
}

/** Parameters come first, so that every slot of the pattern may use them. */
function resolved(file: ContrastFile, { task, pattern, with: given }: Asked, path: string): ContrastTask {
  const found = file.patterns[pattern];
  if (found === undefined)
    throw badFile(
      path,
      `task "${task}" asks for the pattern "${pattern}"; there is ${Object.keys(file.patterns).join(', ')}`,
    );
  const parameters = Object.entries(given).map(([slot, value]): Slot => ({ kind: 'constant', slot, value }));
  return { task, ...found, slots: [...parameters, ...found.slots] };
}

type Asked = z.infer<typeof ContrastFile>['tasks'][number];
