/** What replaces a head's output, and where: asked alike by the exact sweep and by its estimate, so that the two can be compared. */
import * as z from 'zod';
import { Position, Sha256 } from '../src/contract/index.ts';

/** What the metric of a sweep is, in the words of a field. */
export const METRIC =
  'probability of the first answer token, or of contrast pairs the logit difference, answer against rivals';

export const counterpart = z
  .number()
  .nullable()
  .describe('mean metric on the counterfactual prompts, whose outputs are put in; null for another source');

export const recovery = z
  .number()
  .nullable()
  .describe('effect as share of the way from baseline to counterpart; null without counterpart');

export const replacement = {
  replace_by: z
    .enum(['mean', 'zero', 'resample', 'counterfactual'])
    .default('mean')
    .describe(
      'mean: of the same task; resample: another prompt of the task; counterfactual: the same words with the labels shuffled, or in order if these are shuffled; contrast pairs: the counterfactual that the prompts name',
    ),
  source: Sha256.nullable().default(null).describe('artifact of mean_activations, for replace_by mean'),
  positions: z
    .array(Position)
    .min(1)
    .nullable()
    .default([-1])
    .describe(
      'replaced together: counted from the end, -1 the last token, or slots of contrast pairs by name; null: every token',
    ),
};
