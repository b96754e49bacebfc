/** Activation patching of every head: the causal indirect effect of replacing one head's output at the last token. */
import * as z from 'zod';
import { ArtifactRef, InContextPrompts, Receipt, Sha256, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const sweepHeads = defineTool({
  name: 'sweep_heads',
  description:
    'For every head: replace its output and measure the change in probability of the first answer token, exactly. With the mean of the same task on shuffled-label prompts this is the causal indirect effect.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: InContextPrompts,
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
    })
    .meta({ id: 'SweepHeadsInput' }),
  output: z
    .strictObject({
      effects: ArtifactRef.describe(
        '(task, prompt, layer, head) float32, change in probability of the first answer token',
      ),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: Share.describe('mean probability before patching'),
            largest: z.number().describe('largest average indirect effect of one head'),
          })
          .meta({ id: 'SweptTask' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'SweepHeadsOutput' }),
  cost: ({ prompts }, facts) => ({
    forwards: 2 * promptCount(prompts),
    rows: promptCount(prompts) * facts.layers * facts.heads,
    because: 'one row per prompt and head, beside one unpatched pass and one for the source',
  }),
});
