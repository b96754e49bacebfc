/** What both faces of a study say in words. */
import type { Study } from '../../contract/index.ts';
import { number } from '../numbers.ts';

export const TOLD = 12;

export const titleOf = ({ model, pairs }: Study): string =>
  `${pairs.length === 1 ? 'One pair of prompts' : `${pairs.length} pairs of prompts`} on ${model}`;

export function behaviourLine({ behaviour: { base, contrast, base_preferred, contrast_preferred } }: Study): string {
  return `Answer against the other: logit difference ${number(base)} behind base prompts (above 0 in ${share(base_preferred)}), ${number(contrast)} behind contrast prompts (below 0 in ${share(contrast_preferred)}).`;
}

export function nullLine(what: string, found: Study['heads_null']): string {
  if (found === null) return `${what}: no null, since no other pair gives a source of equal length.`;
  const strict =
    found.sources === 'same-answers' ? 'with the same answers' : 'whose answers differ too (a strict null)';
  return `${what}: base prompts of other pairs, ${strict}, move them by at most ${number(found.threshold)} (99th percentile of ${found.effects} effects, ${found.pairs} pairs).`;
}

export function setLines({ set }: Study): string[] {
  if (set === null) return [];
  const { components, chosen, recovery, random, other_sources, note } = set;
  const passing = random.filter((value) => value >= (recovery ?? 0)).length;
  return [
    `Put in together, ${chosen} (${components.join(', ')}) recover ${share(recovery)} of the way from base to contrast.`,
    ...(other_sources === null
      ? []
      : [`With base prompts of other pairs in the place of the contrast: ${share(other_sources)} of that way.`]),
    random.length === 0
      ? `No random heads of the same layers could be drawn: ${note}.`
      : `${random.length} random sets of as many heads of the same layers: at most ${share(Math.max(...random))}, on average ${share(random.reduce((sum, value) => sum + value, 0) / random.length)}; ${passing} of them as much.${note === '' ? '' : ` (${note})`}`,
  ];
}

export const share = (value: number | null): string => (value === null ? '–' : `${number(100 * value)} %`);

/** A word beside a number, so that no colour is needed. */
export const mark = (above: boolean | null): string => (above === null ? '' : above ? 'above null' : 'within null');

export const readsOf = ({ receiver, reads }: Study['paths'][number]): string =>
  reads === null ? receiver : `${receiver}, ${reads}`;

export const KEPT =
  'A study tests no finding and has no claim or verdict, so it is no run and fills no cell; its numbers, inputs and receipts are kept whole in its file.';
