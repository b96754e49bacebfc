/**
 * Draws random heads in the place of given ones: as many in the same layers, none of those that are kept out. They are the null on
 * this very model. For what they are drawn, and how often, is the caller's matter.
 */
import type { ModelFacts } from '../contract/index.ts';
import { randomFrom, sample } from './random.ts';

export interface ControlSets {
  /** Distinct sets, each sorted by address; fewer than asked for, or none, where the model has no more. */
  readonly sets: string[][];
  /** What is not as was asked, in words; empty when all is. */
  readonly note: string;
}

interface Drawing {
  /** The heads in whose place others are drawn. */
  readonly like: readonly string[];
  /** Components that are never drawn. */
  readonly never: ReadonlySet<string>;
  readonly sets: number;
  /** Fixes the sets. */
  readonly seed: string;
  readonly model: Pick<ModelFacts, 'layers' | 'heads'>;
}

/** Tries per set that is asked for. Where so many find nothing new, there is practically nothing new. */
const TRIES = 200;

export function drawHeads({ like, never, sets: asked, seed, model }: Drawing): ControlSets {
  const spare = spareHeads(model, never);
  const { wanted, notes } = borrow(countByLayer(like, model.layers), spare);
  if (wanted === null) return { sets: [], note: notes.join('; ') };
  const random = randomFrom(seed);
  const sets = new Map<string, string[]>();
  for (let tries = 0; sets.size < asked && tries < TRIES * asked; tries++) {
    const set = wanted.flatMap((count, layer) => sample(spare[layer] ?? [], count, random)).sort(byAddress);
    sets.set(set.join(' '), set);
  }
  if (sets.size < asked) notes.push(`only ${sets.size} distinct sets exist, ${asked} were asked for`);
  return { sets: [...sets.values()], note: notes.join('; ') };
}

/** Layer -> heads that may be drawn. */
function spareHeads({ layers, heads }: Drawing['model'], never: ReadonlySet<string>): string[][] {
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: heads }, (_, head) => `a${layer}.h${head}`).filter((head) => !never.has(head)),
  );
}

function countByLayer(heads: readonly string[], layers: number): number[] {
  const counts = new Array<number>(layers).fill(0);
  for (const head of heads) counts[layerOf(head)] = (counts[layerOf(head)] ?? 0) + 1;
  return counts;
}

/** Moves what a layer cannot give to the nearest layer that can, the lower one first. `wanted` is null when none can. */
function borrow(counts: readonly number[], spare: readonly string[][]): { wanted: number[] | null; notes: string[] } {
  const room = (layer: number): number => (spare[layer]?.length ?? 0) - (wanted[layer] ?? 0);
  const wanted = counts.map((count, layer) => Math.min(count, spare[layer]?.length ?? 0));
  const notes: string[] = [];
  for (const [layer, count] of counts.entries()) {
    for (let missing = count - (spare[layer]?.length ?? 0); missing > 0; missing--) {
      const [nearest] = counts
        .map((_, other) => other)
        .filter((other) => room(other) > 0)
        .sort((a, b) => Math.abs(a - layer) - Math.abs(b - layer) || a - b);
      if (nearest === undefined)
        return { wanted: null, notes: ['the claim leaves too few heads to draw a set of equal size'] };
      wanted[nearest] = (wanted[nearest] ?? 0) + 1;
      notes.push(`layer ${layer} has too few spare heads: one is drawn from layer ${nearest}`);
    }
  }
  return { wanted, notes };
}

const layerOf = (head: string): number => Number(/^a(\d+)/.exec(head)?.[1]);
const headOf = (head: string): number => Number(head.split('.h')[1]);
const byAddress = (a: string, b: string): number => layerOf(a) - layerOf(b) || headOf(a) - headOf(b);
