/**
 * What a schema cannot see in contrast pairs: names that lead nowhere, slots used before they are filled, counterfactuals
 * that cannot be made. Whether a tokenizer can express them is found by the worker.
 */
import { CLEAN, type ContrastTask, type Slot } from '../contract/index.ts';
import type { Contrast } from './contrast.ts';

/** The first and the last token of a prompt; no slot may have these names. */
const ENDS: Readonly<Record<string, string>> = { START: 'first', END: 'last' };

/** Returns what is wrong, one clause each, in reading order. */
export function contrastProblems({ lists, tasks }: Contrast): string[] {
  return [
    ...repeats(
      'task',
      tasks.map(({ task }) => task),
    ),
    ...Object.entries(lists).flatMap(([name, items]) => listProblems(name, items)),
    ...tasks.flatMap((task) => taskProblems(task, lists).map((problem) => `task "${task.task}": ${problem}`)),
  ];
}

function listProblems(name: string, items: readonly string[]): string[] {
  if (items.length < 2) return [`the list "${name}" has fewer than two items`];
  const [twice] = items.filter((item, index) => items.indexOf(item) !== index);
  return twice === undefined ? [] : [`the item "${twice}" stands twice in the list "${name}"`];
}

function taskProblems(task: ContrastTask, lists: Contrast['lists']): string[] {
  const { slots, each, demonstration, shots, apart, counterfactuals } = task;
  const all = [...slots, ...each];
  const names = all.flatMap(filled);
  const line = new Set(each.flatMap(filled));
  return [
    ...repeats('slot', names),
    ...names
      .filter((name) => name in ENDS)
      .map((name) => `a slot is named ${name}, which is the ${ENDS[name]} token of every prompt`),
    ...all.flatMap((slot, index) => slotProblems(slot, new Set(all.slice(0, index).flatMap(filled)), lists)),
    ...templates(task).flatMap(([where, text]) => textProblems(where, text, new Set(names), holdsSet(all))),
    ...[...task.split_by, ...apart, ...task.where.map(({ slot }) => slot)]
      .filter((name) => !names.includes(name))
      .map((name) => `"${name}" is no slot`),
    ...task.where
      .filter(({ at_least, at_most }) => at_least === null && at_most === null)
      .map(({ slot }) => `the bound of "${slot}" bounds nothing`),
    ...(demonstration === null && (shots > 0 || apart.length > 0)
      ? ['it has shots or apart, and no demonstration']
      : []),
    ...apart
      .filter((name) => names.includes(name) && !line.has(name))
      .map((name) => `"${name}" is the same in every line, so it cannot lie apart`),
    ...repeats('counterfactual', [CLEAN, ...counterfactuals.map(({ name }) => name)]),
    ...counterfactuals.flatMap(({ name, slots: given }) =>
      given
        .flatMap((slot) => {
          const at = all.findIndex((other) => filled(other).includes(slot.slot));
          if (at < 0) return [`it gives "${slot.slot}", which is no slot`];
          return slotProblems(slot, new Set(all.slice(0, at).flatMap(filled)), lists);
        })
        .map((problem) => `counterfactual "${name}": ${problem}`),
    ),
  ];
}

/** The slots that a definition fills. */
export function filled(slot: Slot): string[] {
  return 'slots' in slot ? slot.slots : [slot.slot];
}

function slotProblems(slot: Slot, known: ReadonlySet<string>, lists: Contrast['lists']): string[] {
  const name = filled(slot).join(', ');
  const problems = used(slot)
    .filter((other) => !known.has(other))
    .map((other) => `"${name}" needs "${other}", which is not filled before it`);
  const named = [...('list' in slot ? [slot.list] : []), ...('to' in slot ? [slot.to] : [])];
  for (const list of named) if (lists[list] === undefined) problems.push(`"${name}" names the unknown list "${list}"`);
  if (problems.length > 0) return problems;
  if (slot.kind === 'map' && lists[slot.list]?.length !== lists[slot.to]?.length)
    return [`"${name}" maps lists of different lengths, ${slot.list} and ${slot.to}`];
  if (slot.kind === 'range' && slot.low > slot.high) return [`"${name}" is drawn from an empty range`];
  if (slot.kind === 'order' && slot.of.length !== slot.slots.length)
    return [`"${name}" orders ${slot.of.length} slots`];
  return [];
}

/** The slots whose values a definition needs. */
function used(slot: Slot): string[] {
  const fields = slot as { of?: string | Array<string | number>; at?: string; among?: string[]; by?: string | number };
  return [fields.of ?? [], fields.at ?? [], fields.among ?? [], fields.by ?? []]
    .flat()
    .filter((name): name is string => typeof name === 'string');
}

function holdsSet(all: readonly Slot[]): ReadonlySet<string> {
  return new Set(all.flatMap((slot) => (slot.kind === 'items' ? [slot.slot] : [])));
}

function templates({ demonstration, queries, answer, rivals }: ContrastTask): Array<['prompt' | 'answer', string]> {
  return [
    ...(demonstration === null ? [] : [demonstration]).map((text): ['prompt', string] => ['prompt', text]),
    ...queries.map((text): ['prompt', string] => ['prompt', text]),
    ...[answer, ...rivals].map((text): ['answer', string] => ['answer', text]),
  ];
}

function textProblems(
  where: 'prompt' | 'answer',
  text: string,
  known: ReadonlySet<string>,
  sets: ReadonlySet<string>,
): string[] {
  const slots = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name as string);
  const shown = JSON.stringify(text);
  if (/[{}]/.test(text.replaceAll(/\{[^{}]*\}/g, ''))) return [`a brace stands alone in ${shown}`];
  const problems = slots.filter((name) => !known.has(name)).map((name) => `${shown} names "${name}", which is no slot`);
  if (where === 'answer') return problems;
  const several = slots
    .filter((name) => sets.has(name))
    .map((name) => `${shown} holds "${name}", which is several items`);
  return [
    ...problems,
    ...several,
    ...repeats('slot', slots).map((problem) => `in ${shown} ${problem}; give the second a slot of kind same`),
  ];
}

function repeats(kind: string, names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
    (name) => `the ${kind} "${name}" stands twice`,
  );
}
