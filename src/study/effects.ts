/** The arithmetic of a study: means over pairs, the null threshold, recoveries. Pure. */
import type { Changed, Study } from '../contract/index.ts';
import type { Replaced } from './asking.ts';

/** A component with its effect in each pair. */
export interface Component {
  readonly component: string;
  readonly effects: number[];
}

const PERCENTILE = 0.99;

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Returns the value below which a share of them lies, between neighbours in proportion. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
  return low + (high - low) * (place - Math.floor(place));
}

/** @param measured one list of components for each draw of sources; @param tasks the pairs of each; @param same whether their answers are the same */
export function nullOf(
  measured: readonly (readonly Pick<Component, 'effects'>[])[],
  tasks: readonly (readonly string[])[],
  same: boolean,
): Study['heads_null'] {
  const sizes = measured.flatMap((components) => components.map(({ effects }) => Math.abs(mean(effects))));
  if (sizes.length === 0) return null;
  return {
    threshold: percentile(sizes, PERCENTILE),
    effects: sizes.length,
    pairs: Math.max(...tasks.map(({ length }) => length)),
    sources: same ? 'same-answers' : 'other-answers',
  };
}

/** Returns components with their mean effects, largest first, ties by name. @param way from base to contrast */
export function changed(components: readonly Component[], way: number, found: Study['heads_null']): Changed[] {
  return components
    .map(({ component, effects }) => {
      const effect = mean(effects);
      return {
        component,
        effect,
        recovery: recovery(effect, way),
        sem: semOf(effects),
        above_null: found === null ? null : Math.abs(effect) > found.threshold,
      };
    })
    .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect) || (a.component < b.component ? -1 : 1));
}

export const recovery = (effect: number, way: number): number | null => (way === 0 ? null : effect / way);

/** The mean change as share of the mean way. */
export function recovered(rows: readonly Replaced[]): number | null {
  return recovery(
    mean(rows.map(({ change }) => change)),
    mean(rows.map(({ counterpart, before }) => counterpart - before.logit_difference)),
  );
}

function semOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
  return Math.sqrt(variance / values.length);
}
