/** Activation patching of every head: the causal indirect effect of replacing one head's output at the last token. */
import * as z from 'zod';
import { ArtifactRef, Component, PairedPrompts, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { counterpart, METRIC, recovery, replacement } from '../replacement.ts';

export const sweepHeads = defineTool({
  name: 'sweep_heads',
  description:
    'For every head: replace its output and measure the change in probability of the first answer token, exactly. With the mean of the same task on shuffled-label prompts this is the causal indirect effect. For contrast pairs the change is of the logit difference, answer against rivals.',
  runs: 'worker',
  input: z.strictObject({ prompts: PairedPrompts, ...replacement }).meta({ id: 'SweepHeadsInput' }),
  output: z
    .strictObject({
      effects: ArtifactRef.describe(`(task, prompt, layer, head) float32, change of the ${METRIC}`),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: z.number().describe(`before patching, mean ${METRIC}`),
            largest: z.number().describe('largest average indirect effect of one head'),
          })
          .meta({ id: 'SweptTask' }),
      ),
      contrasts: z
        .array(
          z
            .strictObject({
              task: Slug,
              counterpart,
              heads: z
                .array(
                  z
                    .strictObject({
                      component: Component,
                      effect: z.number().describe('mean change of the logit difference over prompts'),
                      recovery,
                    })
                    .meta({ id: 'ContrastHead' }),
                )
                .describe('the ten strongest, whichever their sign'),
            })
            .meta({ id: 'ContrastHeads' }),
        )
        .optional()
        .describe('contrast pairs only'),
      receipt: Receipt,
    })
    .meta({ id: 'SweepHeadsOutput' }),
  cost: ({ prompts, replace_by }, facts) => ({
    forwards: (prompts.kind === 'contrast-pairs' && replace_by === 'counterfactual' ? 3 : 2) * promptCount(prompts),
    rows: promptCount(prompts) * facts.layers * facts.heads,
    because:
      'one row per prompt and head, beside one unpatched pass and one for the source, two for the counterfactuals of contrast pairs',
  }),
});
