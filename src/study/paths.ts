/** Which paths carry the difference: from every head and MLP straight to the logits, and between the heads that stand out. */
import { type JsonObject, type ModelFacts, Refusal, type Study } from '../contract/index.ts';
import type { Asking } from './asking.ts';
import { mean, nullOf, recovery } from './effects.ts';
import { promptsOf } from './material.ts';

interface Followed {
  readonly heads: readonly string[];
  readonly tasks: readonly string[];
  /** Tasks of the null, one list for each draw of sources. */
  readonly others: readonly (readonly string[])[];
  readonly same_answers: boolean;
  readonly seed: number;
  readonly way: number;
  readonly facts: ModelFacts;
}

type Path = Study['paths'][number];
type Measured = Pick<Path, 'sender' | 'receiver' | 'reads'> & { readonly effects: number[] };

/** Heads between which paths are followed, and paths told. */
const MOST = { heads: 8, told: 20 };
/** Senders of one call at most. */
const SENDERS = 512;
const READS = ['query', 'key', 'value'] as const;

export async function pathsIn(asking: Asking, asked: Followed): Promise<Pick<Study, 'paths' | 'paths_null'>> {
  const { tasks, others, seed, way } = asked;
  const found = await measured(asking, promptsOf(tasks, seed), asked);
  const drawn: Measured[][] = [];
  for (const other of others) {
    try {
      drawn.push(await measured(asking, promptsOf(other, seed), asked));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // these sources give exactly the base's difference: nothing to follow
    }
  }
  const paths_null = nullOf(drawn, others, asked.same_answers);
  const paths = found
    .map(({ effects, ...path }) => {
      const effect = mean(effects);
      const above_null = paths_null === null ? null : Math.abs(effect) > paths_null.threshold;
      return { ...path, effect, recovery: recovery(effect, way), above_null };
    })
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || (a.sender < b.sender ? -1 : 1));
  return { paths: paths.slice(0, MOST.told), paths_null };
}

async function measured(
  asking: Asking,
  prompts: readonly JsonObject[],
  { heads, facts }: Followed,
): Promise<Measured[]> {
  const found: Measured[] = [];
  const all = componentsOf(facts);
  for (let from = 0; from < all.length; from += SENDERS) {
    const senders = all.slice(from, from + SENDERS);
    const [direct] = await asking.paths(prompts, senders, null);
    for (const [index, sender] of senders.entries())
      found.push({ sender, receiver: 'logits', reads: null, effects: direct?.[index] ?? [] });
  }
  const chosen = [...heads].slice(0, MOST.heads).sort((a, b) => layerOf(a) - layerOf(b));
  const receivers = chosen.filter((head) => chosen.some((sender) => layerOf(sender) < layerOf(head)));
  if (receivers.length === 0) return found;
  for (const reads of READS) {
    const effects = await asking.paths(prompts, chosen, { receivers, reads });
    for (const [at, receiver] of receivers.entries()) {
      for (const [index, sender] of chosen.entries()) {
        if (layerOf(sender) < layerOf(receiver))
          found.push({ sender, receiver, reads, effects: effects[at]?.[index] ?? [] });
      }
    }
  }
  return found;
}

/** Layer by layer. */
function componentsOf({ layers, heads }: ModelFacts): string[] {
  return Array.from({ length: layers }, (_, layer) => [
    ...Array.from({ length: heads }, (_, head) => `a${layer}.h${head}`),
    `m${layer}`,
  ]).flat();
}

const layerOf = (head: string): number => Number(/^a(\d+)/.exec(head)?.[1]);
