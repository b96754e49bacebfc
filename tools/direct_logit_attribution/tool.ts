/** Direct logit attribution: what each head and MLP adds to the logit difference by itself, norms frozen. */
import * as z from 'zod';
import { ArtifactRef, Component, PairedPrompts, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const share = (of: string): z.ZodNumber => z.number().describe(`${of}, mean over prompts`);

export const directLogitAttribution = defineTool({
  name: 'direct_logit_attribution',
  description:
    'What every head and MLP adds to the logit difference at the last token by itself, with norms frozen at the running prompt; the shares add up to the whole. Use it to see who writes the answer, not who passes it on. Words: the answer against the mean of all tokens; contrast pairs: answer against rivals.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: PairedPrompts,
      components: z
        .array(Component)
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('heads and MLPs to report, in this order; null: the strongest'),
      top: z
        .number()
        .int()
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('components returned; null: 2 % of all, at least 10'),
    })
    .meta({ id: 'DirectLogitAttributionInput' }),
  output: z
    .strictObject({
      contributions: ArtifactRef.describe('(task, prompt, component) float32: heads layer by layer, then MLPs'),
      components: z
        .array(
          z
            .strictObject({
              component: Component,
              contribution: z
                .number()
                .describe('logit difference before a soft cap, mean over prompts, then over tasks'),
              sem: z.number().nullable().describe('standard error over tasks; null with one task'),
            })
            .meta({ id: 'DirectComponent' }),
        )
        .describe('as asked, or the strongest, whichever their sign'),
      mean: z.number().describe('mean contribution of the components in `components`'),
      all_components: z.number().int(),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            logit_difference: share(
              'the whole, before a soft cap: mean of the answers’ logits - mean of the rivals’, or of all tokens’',
            ),
            heads: share('sum over all heads'),
            mlps: share('sum over all MLPs'),
            embedding: share('of the embedding'),
            biases: share('of output projections, norms and unembedding'),
            unexplained: share('what is left: rounding'),
            strongest: Component,
          })
          .meta({ id: 'DirectTask' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'DirectLogitAttributionOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per prompt' }),
});
