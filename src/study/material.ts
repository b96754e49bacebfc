/** Pairs as contrast pairs, which every tool takes: each is a task of constants, so that nothing is drawn. */
import { type ContrastTask, hashOf, type JsonObject, type Material, type StudyPair } from '../contract/index.ts';

export const CONTRAST = 'contrast';

/** Tasks of one call at most; a larger set is asked in several. */
const CALL = 64;
const HALF = 'all';

/** Returns what a worker opens: all pairs by name, in one half. */
export function studyMaterial(pairs: Readonly<Record<string, StudyPair>>): Material {
  return {
    kind: 'contrast-pairs',
    behaviour: 'study',
    split: 'search',
    split_seed: seedOfHalf(),
    lists: {},
    tasks: Object.entries(pairs).map(([task, pair]) => taskOf(task, pair)),
  };
}

export type StudyPrompts = JsonObject & { readonly tasks: string[] };

/** Returns the prompts of these tasks, call by call. */
export function promptsOf(tasks: readonly string[], seed: number): StudyPrompts[] {
  return Array.from({ length: Math.ceil(tasks.length / CALL) }, (_, part) => ({
    kind: 'contrast-pairs',
    tasks: tasks.slice(part * CALL, (part + 1) * CALL),
    count: 1,
    counterfactual: CONTRAST,
    seed,
  }));
}

function taskOf(task: string, { base, contrast, answer, versus }: StudyPair): ContrastTask {
  const constant = (slot: string, value: string) => ({ kind: 'constant' as const, slot, value });
  return {
    task,
    slots: [constant('prompt', base), constant('right', answer), constant('wrong', versus), constant('half', HALF)],
    each: [],
    demonstration: null,
    shots: 0,
    queries: ['{prompt}'],
    answer: '{right}',
    rivals: ['{wrong}'],
    where: [],
    apart: [],
    split_by: ['half'],
    counterfactuals: [{ name: CONTRAST, about: 'the contrast prompt', slots: [constant('prompt', contrast)] }],
  };
}

/** The first seed by which everything lies in the search half, as `half_of` of the worker cuts it. */
function seedOfHalf(): number {
  for (let seed = 0; ; seed++) if (Number.parseInt(hashOf([seed, [HALF]]).slice(0, 8), 16) % 2 === 0) return seed;
}
