/** Activation patching of every head: the causal indirect effect of replacing one head's output at the last token. */
import * as z from 'zod';
import { ArtifactRef, InContextPrompts, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { replacement } from '../replacement.ts';

export const sweepHeads = defineTool({
  name: 'sweep_heads',
  description:
    'For every head: replace its output and measure the change in probability of the first answer token, exactly. With the mean of the same task on shuffled-label prompts this is the causal indirect effect.',
  runs: 'worker',
  input: z.strictObject({ prompts: InContextPrompts, ...replacement }).meta({ id: 'SweepHeadsInput' }),
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
