/** Whether a head suppresses copies, from weights and on prompts (McDougall et al. 2023, copy suppression). */
import * as z from 'zod';
import { ArtifactRef, Component, Prompts, Receipt, Share } from '../../src/contract/index.ts';
import { ScoredHead } from '../attention_scores/tool.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { topHeads } from '../top.ts';

export const suppressionScores = defineTool({
  name: 'suppression_scores',
  description:
    'Copy suppression of heads. From weights: the share of tokens whose own logit is among the ten that attending to them lowers most. With prompts also: the share of the head’s direct effect (KL divergence against its mean) that is left if it may only lower tokens that are already predicted and stand in the text.',
  runs: 'worker',
  input: z
    .strictObject({
      components: z
        .array(Component)
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('heads; null: the best by weights'),
      prompts: Prompts.nullable().default(null).describe('null: weights only'),
      top: topHeads(3),
    })
    .meta({ id: 'SuppressionScoresInput' }),
  output: z
    .strictObject({
      heads: z.array(ScoredHead).describe('in the order asked, or best first; share of tokens, 0 to 1'),
      mean: z.number().describe('mean score of the heads in `heads`'),
      best_other: z
        .number()
        .nullable()
        .describe('best score of a head that is not in `heads`; null where heads were asked for'),
      all_heads: z.number().int(),
      tokens: z.number().int().describe('tokens attended to: the vocabulary, or 2048 evenly from it'),
      chance: Share.describe('ten of the vocabulary'),
      kept: z
        .array(
          z
            .strictObject({
              component: Component,
              mean_ablated: z.number().describe('KL divergence, nats a scored token: its mean output instead'),
              suppressing: z.number().describe('KL divergence: only what suppresses copies is kept'),
              recovered: z
                .number()
                .nullable()
                .describe('1 - suppressing / mean_ablated; null where there is no effect'),
            })
            .meta({ id: 'KeptSuppression' }),
        )
        .nullable()
        .describe('for each of `heads`; null without prompts'),
      recovered: z.number().nullable().describe('mean of `kept`; null without prompts'),
      effect: z.number().nullable().describe('mean of `mean_ablated`; null without prompts'),
      scores: ArtifactRef.describe('(layer, head) float32, share of tokens; -1 for heads that were not asked for'),
      receipt: Receipt,
    })
    .meta({ id: 'SuppressionScoresOutput' }),
  cost: ({ prompts }) => ({
    forwards: prompts === null ? 0 : promptCount(prompts),
    rows: 0,
    because: prompts === null ? 'weights, and the first layer on one token at a time' : 'one forward per prompt',
  }),
});
