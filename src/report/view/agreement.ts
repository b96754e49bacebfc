/**
 * Where a run holds estimates of the heads' effects and the exact sweep of the same prompts, how far the two agree: computed
 * from their artifacts, whether or not anyone asked, so that an estimate is never shown without its error where that is known.
 */
import { spearman } from '../../../evals/checkers/spearman.ts';
import type { JsonObject } from '../../contract/index.ts';
import { layersByHeads, type Tensors } from './figures.ts';
import type { Result } from './trail.ts';
import type { AgreementView } from './types.ts';

const TOP = 10;

/** Returns the artifacts that are compared. */
export function tensorsCompared(results: readonly Result[]): string[] {
  return pairs(results).flatMap(({ estimate, exact }) => [shaOf(estimate, 'estimates'), shaOf(exact, 'effects')]);
}

/** Returns one row for each call of attribute_heads that has an exact counterpart whose artifact is there. */
export function agreementsOf(results: readonly Result[], tensors: Tensors): AgreementView[] {
  return pairs(results).flatMap(({ estimate, exact }) => {
    const artifacts = [shaOf(estimate, 'estimates'), shaOf(exact, 'effects')] as const;
    const [mine, theirs] = artifacts.map((sha) => tensors.get(sha));
    if (mine === undefined || theirs === undefined || `${mine.shape}` !== `${theirs.shape}`) return [];
    const [a, b] = [layersByHeads(mine).flat(), layersByHeads(theirs).flat()];
    const correlation = spearman(a, b);
    return [
      {
        method: estimate.input['method'] === 'integrated' ? 'integrated gradients' : 'attribution patching',
        phase: estimate.phase,
        spearman: Number.isNaN(correlation) ? null : correlation,
        shared: best(a).filter((head) => best(b).includes(head)).length,
        top: Math.min(TOP, a.length),
        heads: a.length,
        origins: [
          { act: estimate.act, artifact: artifacts[0] },
          { act: exact.act, artifact: artifacts[1] },
        ],
      },
    ];
  });
}

/** Returns each estimate with the first exact sweep of the same prompts, replacement and positions. */
function pairs(results: readonly Result[]): { estimate: Result; exact: Result }[] {
  const sweeps = results.filter(({ tool }) => tool === 'sweep_heads');
  return results
    .filter(({ tool }) => tool === 'attribute_heads')
    .flatMap((estimate) => {
      const exact = sweeps.find((sweep) => measured(sweep) === measured(estimate));
      return exact === undefined ? [] : [{ estimate, exact }];
    });
}

function measured({ input, output }: Result): string {
  const prompts = (output['receipt'] as JsonObject | undefined)?.['prompts_sha256'];
  return JSON.stringify([prompts, input['replace_by'], input['source'], input['positions']]);
}

function shaOf({ output }: Result, field: string): string {
  return String((output[field] as JsonObject | undefined)?.['sha256']);
}

/** Returns the places of the highest values, as the worker ranks heads. */
function best(values: readonly number[]): number[] {
  const order = values.map((_, place) => place).sort((i, j) => (values[j] as number) - (values[i] as number));
  return order.slice(0, TOP);
}
