/** The logit lens: what the model would say if it stopped after each layer. */
import * as z from 'zod';
import { ArtifactRef, PairedPrompts, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const logitLens = defineTool({
  name: 'logit_lens',
  description:
    'Rank, probability and logit difference of the answer after every layer, read out of the residual stream at the last token by the model’s own norm and head. Use it to see in which layer the answer appears.',
  runs: 'worker',
  input: z.strictObject({ prompts: PairedPrompts }).meta({ id: 'LogitLensInput' }),
  output: z
    .strictObject({
      said: ArtifactRef.describe('(task, prompt, layer, statistic) float32; the first layer is the embedding'),
      layers: z.array(
        z
          .strictObject({
            layer: z.number().int().min(0).nullable().describe('null: the embedding, before the first layer'),
            rank: z
              .number()
              .min(0)
              .describe('of the best answer token, from 0: median over prompts, then mean over tasks'),
            accuracy: Share.describe('share of prompts whose most likely next token is an answer'),
            probability: Share.describe('of all answers together, mean'),
            logit_difference: z
              .number()
              .describe('answer against rivals, or against the mean of all tokens where there are none; mean'),
          })
          .meta({ id: 'LensLayer' }),
      ),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            answered_from: z
              .number()
              .int()
              .min(0)
              .nullable()
              .describe('first layer from which on half of the prompts have their answer on top; null: none'),
          })
          .meta({ id: 'LensTask' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'LogitLensOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per prompt' }),
});
