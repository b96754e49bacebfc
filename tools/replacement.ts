/** What replaces a head's output, and where: asked alike by the exact sweep and by its estimate, so that the two can be compared. */
import * as z from 'zod';
import { Sha256 } from '../src/contract/index.ts';

export const replacement = {
  replace_by: z
    .enum(['mean', 'zero', 'resample', 'counterfactual'])
    .default('mean')
    .describe(
      'mean: of the same task; resample: another prompt of the task; counterfactual: the same words with the labels shuffled, or in order if these are shuffled',
    ),
  source: Sha256.nullable().default(null).describe('artifact of mean_activations, for replace_by mean'),
  positions: z
    .array(z.number().int().max(-1))
    .min(1)
    .nullable()
    .default([-1])
    .describe('replaced together, counted from the end: -1 is the last token; null: every token'),
};
