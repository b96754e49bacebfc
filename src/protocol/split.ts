/**
 * The one place where a behaviour is cut into its search and its held-out half. The cut is by input word and domain, so
 * that a held-out word is unseen in every task of its domain; a worker is only ever given one half. Contrast pairs are drawn,
 * not listed: their half is named, and the worker draws again until an item's `split_by` slots fall into it.
 */
import { hashOf, type Material, Refusal, type Split, sha256, type Task } from '../contract/index.ts';
import type { LoadedBehaviour } from './behaviours.ts';
import type { Contrast } from './contrast.ts';

/** Returns one half of a behaviour, as a worker is given it. @throws Refusal where a task has no pair in that half */
export function material({ file, tasks, contrast }: LoadedBehaviour, split: Split): Material {
  const behaviour = file.behaviour;
  if (file.kind === 'repeated-tokens') {
    return { kind: 'repeated-tokens', behaviour, split, namespace: `${behaviour}|${file.split_seed}|${split}` };
  }
  if (file.kind === 'contrast-pairs') {
    const { lists, tasks: patterns } = contrast as Contrast;
    return {
      kind: file.kind,
      behaviour,
      split,
      split_seed: file.split_seed,
      lists: { ...lists },
      tasks: [...patterns],
    };
  }
  const chosen = new Map<string, ReadonlyMap<string, number>>();
  for (const { domain } of tasks) {
    if (!chosen.has(domain)) chosen.set(domain, places(halfOf(tasks, domain, file.split_seed, split)));
  }
  const halves = tasks.map((task) => {
    const place = chosen.get(task.domain) as ReadonlyMap<string, number>;
    const pairs = task.pairs.filter(({ input }) => place.has(input));
    if (pairs.length === 0) throw emptyHalf(behaviour, task.task, split);
    pairs.sort((a, b) => (place.get(a.input) as number) - (place.get(b.input) as number));
    return { ...task, pairs };
  });
  return { kind: 'in-context', behaviour, split, template: file.template, tasks: halves };
}

/** Returns the sha256 of the canonical JSON of a half. */
export function splitHash(half: Material): string {
  return hashOf(half);
}

/** One half of a domain's inputs, in the order of their hashes; of an odd number the larger half is the search half. */
function halfOf(tasks: readonly Task[], domain: string, seed: number, split: Split): string[] {
  const inputs = tasks.filter((task) => task.domain === domain).flatMap(({ pairs }) => pairs.map(({ input }) => input));
  const keyed = [...new Set(inputs)].map((input) => ({ input, key: sha256(`${seed}|${domain}|${input}`) }));
  const ordered = keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ input }) => input);
  const border = Math.ceil(ordered.length / 2);
  return split === 'search' ? ordered.slice(0, border) : ordered.slice(border);
}

function places(inputs: readonly string[]): ReadonlyMap<string, number> {
  return new Map(inputs.map((input, place) => [input, place]));
}

function emptyHalf(behaviour: string, task: string, split: Split): Refusal {
  return new Refusal({
    code: 'empty-half',
    what: `task "${task}" of ${behaviour} has no pair in its ${split} half`,
    why: 'both halves of every task need at least one pair',
    instead: 'add rows to its word list, or leave the task out',
  });
}
