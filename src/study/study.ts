/**
 * One study: the same tools that runs call, on two sets of prompts, with two nulls measured on that very model. Sources of other
 * pairs, in which nothing of the contrast is, tell how large an effect must be to mean something; random heads of the same layers
 * tell what any such set would do.
 */
import {
  Fault,
  hashOf,
  type JsonObject,
  type ModelFacts,
  Refusal,
  type Study,
  type StudyPair,
} from '../contract/index.ts';
import { drawHeads } from '../expression/index.ts';
import { Asking, type Call } from './asking.ts';
import { type Component, changed, mean, nullOf, recovered, recovery as recoveryOf } from './effects.ts';
import { expressible, shownOrNone } from './expressible.ts';
import { promptsOf } from './material.ts';
import { pathsIn } from './paths.ts';

export interface Studied {
  readonly pairs: readonly StudyPair[];
  /** The tasks of the worker's material that are these pairs. */
  readonly tasks: readonly string[];
  /** Where the prompts come from, in words. */
  readonly source: string;
  readonly seed: number;
  readonly facts: ModelFacts;
  readonly engine: string;
  readonly artifacts: string;
  readonly call: Call;
}

/** Heads of the set that is tested together, and for which paths are followed. */
const SET = { most: 10, least: 3 };
const RANDOM_SETS = 20;
const SHIFTS = [1, 2, 3];

/** Returns names of tasks -> pairs: those asked for, and their nulls, each with the base prompt of another pair as source. */
export function tasksOf(pairs: readonly StudyPair[]): Record<string, StudyPair> {
  const same = sameAnswers(pairs);
  const tasks: Record<string, StudyPair> = {};
  for (const [index, pair] of pairs.entries()) tasks[nameOf('pair', index)] = pair;
  for (const shift of SHIFTS) {
    for (const [index, pair] of pairs.entries()) {
      const other = sourceFor(pair, pairs, shift, same);
      if (other !== null) tasks[nameOf(`other-${shift}`, index)] = { ...pair, contrast: other.base };
    }
  }
  return tasks;
}

/**
 * Another pair of the same answers, so that a source differs in what does not matter; else any, which makes a strict null. Only
 * pairs further on in the set: all of them in a circle would leave the mean as it is.
 */
function sourceFor(pair: StudyPair, pairs: readonly StudyPair[], shift: number, same: boolean): StudyPair | null {
  const alike = pairs.filter(({ base }) => words(base) === words(pair.base));
  const others = same ? alike.filter((other) => answersOf(other) === answersOf(pair)) : alike;
  const other = others[others.indexOf(pair) + shift];
  return other === undefined || other.base === pair.base ? null : other;
}

/** Whether most pairs have another of the same answers. */
function sameAnswers(pairs: readonly StudyPair[]): boolean {
  const shared = pairs.filter((pair) =>
    pairs.some((other) => other.base !== pair.base && answersOf(other) === answersOf(pair)),
  );
  return 2 * shared.length > pairs.length;
}

const answersOf = ({ answer, versus }: StudyPair): string => JSON.stringify([answer, versus]);
const words = (text: string): number => text.trim().split(/\s+/).length;
const nameOf = (kind: string, index: number): string => `${kind}-${String(index + 1).padStart(3, '0')}`;

/** @throws Refusal where the tokenizer cannot express a pair, or the model does not tell the two sets apart; Fault */
export async function study(asked: Studied): Promise<Study> {
  const { pairs, tasks, facts, seed } = asked;
  const asking = new Asking(asked.call, asked.artifacts);
  await expressible(asking, pairs, tasks, seed);
  const others = await nullTasks(asking, pairs, seed);
  const behaviour = await measure(asking, tasks, seed);
  const way = behaviour.contrast - behaviour.base;
  const sweep = (of: readonly string[]) => asking.headEffects(promptsOf(of, seed), facts);
  const mlps = (of: readonly string[]) => asking.mlpEffects(promptsOf(of, seed), facts);
  const eachShift = async (measureOf: (of: readonly string[]) => Promise<Component[]>) => {
    const found: Component[][] = [];
    for (const of of others) found.push(await measureOf(of));
    return nullOf(found, others, sameAnswers(pairs));
  };
  const heads_null = await eachShift(sweep);
  const heads = changed(await sweep(tasks), way, heads_null);
  const mlps_null = await eachShift(mlps);
  const changedMlps = changed(await mlps(tasks), way, mlps_null);
  const set = await together(asking, heads, others, way, asked);
  const paths = await pathsIn(asking, {
    heads: set?.components ?? [],
    tasks,
    others,
    same_answers: sameAnswers(pairs),
    seed,
    way,
    facts,
  });
  return {
    model: facts.model,
    weights_sha256: facts.weights_sha256,
    engine: asked.engine,
    seed,
    source: asked.source,
    pairs: [...pairs],
    pairs_sha256: hashOf(pairs),
    behaviour,
    heads,
    heads_null,
    mlps: changedMlps,
    mlps_null,
    set,
    ...paths,
    calls: asking.calls,
  };
}

/** Tasks of each shift that the tokenizer can express; none where no other pair gives a source. */
async function nullTasks(asking: Asking, pairs: readonly StudyPair[], seed: number): Promise<string[][]> {
  const names = Object.keys(tasksOf(pairs));
  const found: string[][] = [];
  for (const shift of SHIFTS) {
    const wanted = names.filter((name) => name.startsWith(`other-${shift}-`));
    const scorable: string[] = [];
    // Where none of them can be expressed, the null is thinner, or there is none.
    for (const prompts of promptsOf(wanted, seed)) scorable.push(...(await shownOrNone(asking, prompts)).scorable);
    if (scorable.length > 0) found.push(scorable);
  }
  return found;
}

/** The model must tell the two sets apart by more than the pairs differ among themselves. */
async function measure(asking: Asking, tasks: readonly string[], seed: number): Promise<Study['behaviour']> {
  const rows = await asking.behaviour(promptsOf(tasks, seed));
  const meanOf = (variant: string, read: (row: (typeof rows)[number]) => number): number => {
    const of = rows.filter((row) => row.variant === variant);
    return of.reduce((sum, row) => sum + read(row), 0) / of.length;
  };
  const [base, contrast] = [
    meanOf('clean', (row) => row.logit_difference),
    meanOf('contrast', (row) => row.logit_difference),
  ];
  if (base - contrast === 0)
    throw new Refusal({
      code: 'no-difference',
      what: 'the two sets of prompts',
      why: 'this model says exactly the same behind both, so that no component can explain a difference',
      instead: 'use prompts that it answers differently, or another model',
    });
  const base_preferred = meanOf('clean', (row) => row.preferred);
  const contrast_preferred = 1 - meanOf('contrast', (row) => row.preferred);
  const notes = [
    ...(base_preferred < 0.5 ? ['The model does not prefer the answer behind most base prompts.'] : []),
    ...(contrast_preferred < 0.5 ? ['The model does not prefer the other answer behind most contrast prompts.'] : []),
    ...(base <= contrast
      ? ['The answer is no likelier behind base prompts than behind contrast prompts: have the answers been exchanged?']
      : []),
    ...(Math.abs(contrast - base) < Math.abs(base) / 2
      ? ['The contrast moves the difference by less than half of it, so that recoveries are shares of little.']
      : []),
    ...(tasks.length < 10
      ? [`${tasks.length === 1 ? 'One pair says' : `${tasks.length} pairs say`} little about other prompts.`]
      : []),
  ];
  return { base, contrast, base_preferred, contrast_preferred, notes };
}

/** The heads that stand out, put in together, against random sets of the same layers. */
async function together(
  asking: Asking,
  heads: Study['heads'],
  others: readonly (readonly string[])[],
  way: number,
  { facts, seed, tasks }: Studied,
): Promise<Study['set']> {
  const above = heads.filter(({ above_null }) => above_null === true).slice(0, SET.most);
  const chosen = above.length > 0 ? above : heads.slice(0, SET.least);
  const how =
    above.length > 0
      ? `the ${above.length} strongest above the null`
      : `the ${chosen.length} strongest; ${heads[0]?.above_null === false ? 'none is above the null' : 'there is no null to be above'}`;
  const components = chosen.map(({ component }) => component);
  if (components.length === 0)
    throw new Fault({ code: 'no-heads', what: 'the study', why: 'the model has no heads', instead: 'report this' });
  const prompts: JsonObject[] = promptsOf(tasks, seed);
  const recovery = recovered(await asking.replaced(prompts, components));
  const { sets, note } = drawHeads({
    like: components,
    never: new Set(components),
    sets: RANDOM_SETS,
    seed: `${seed}|study`,
    model: facts,
  });
  const random: number[] = [];
  for (const set of sets) random.push(recovered(await asking.replaced(prompts, set)) ?? 0);
  const changes: number[] = [];
  for (const other of others)
    changes.push(...(await asking.replaced(promptsOf(other, seed), components)).map(({ change }) => change));
  const other_sources = changes.length === 0 ? null : recoveryOf(mean(changes), way);
  return { components, chosen: how, recovery, random, other_sources, note };
}
