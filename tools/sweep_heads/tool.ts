/** Activation patching of every head: the causal indirect effect of replacing one head's output at the last token. */
import * as z from 'zod';
import { ArtifactRef, InContextPrompts, Receipt, Sha256, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const sweepHeads = defineTool({
  name: 'sweep_heads',
  description:
    'For every head: replace its last-token output by the mean of the same task and measure the change in probability of the first answer token (causal indirect effect). Use shuffled-label prompts.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: InContextPrompts,
      source: Sha256.describe('artifact of mean_activations'),
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
    forwards: promptCount(prompts) * (facts.layers * facts.heads + 1),
    because: 'one forward per prompt and head, and one unpatched',
  }),
});
