/**
 * Draws the control sets of a claim: random heads of the same number in the same layers, none of them claimed. They are the
 * null against which the claim's numbers are held, on this very model.
 */
import type { Claim, Control, ModelFacts } from '../contract/index.ts';
import { randomFrom, sample } from './random.ts';

export interface ControlSets {
  /** Distinct sets, each sorted by address; fewer than asked for, or none, where the model has no more. */
  readonly sets: string[][];
  /** What is not as the protocol asked, in words; empty when all is. */
  readonly note: string;
}

/** Tries per set that is asked for. Where so many find nothing new, there is practically nothing new. */
const TRIES = 200;

/** @param seed of the run; with the control's name it fixes the sets */
export function drawControl(control: Control, claim: Claim, facts: ModelFacts, seed: number): ControlSets {
  const heads = (claim.roles[control.role] ?? []).filter(isHead);
  const claimed = new Set(Object.values(claim.roles).flat());
  const spare = spareHeads(facts, claimed);
  const { wanted, notes } = borrow(countByLayer(heads, facts.layers), spare);
  if (heads.length === 0 || wanted === null)
    return { sets: [], note: notes.join('; ') || `the role ${control.role} claims no heads` };
  const random = randomFrom(`${seed}|${control.control}`);
  const sets = new Map<string, string[]>();
  for (let tries = 0; sets.size < control.sets && tries < TRIES * control.sets; tries++) {
    const set = wanted.flatMap((count, layer) => sample(spare[layer] ?? [], count, random)).sort(byAddress);
    sets.set(set.join(' '), set);
  }
  if (sets.size < control.sets) notes.push(`only ${sets.size} distinct sets exist, ${control.sets} were asked for`);
  return { sets: [...sets.values()], note: notes.join('; ') };
}

/** Layer -> heads that nobody claims. */
function spareHeads({ layers, heads }: ModelFacts, claimed: ReadonlySet<string>): string[][] {
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: heads }, (_, head) => `a${layer}.h${head}`).filter((head) => !claimed.has(head)),
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

const isHead = (component: string): boolean => component.includes('.h');
const layerOf = (head: string): number => Number(/^a(\d+)/.exec(head)?.[1]);
const headOf = (head: string): number => Number(head.split('.h')[1]);
const byAddress = (a: string, b: string): number => layerOf(a) - layerOf(b) || headOf(a) - headOf(b);
