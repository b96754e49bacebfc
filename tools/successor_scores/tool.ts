/** Whether a head turns ordinals into their successors, from weights alone (Gould et al. 2023, successor heads). */
import * as z from 'zod';
import { ArtifactRef, Component, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { ScoredHead } from '../attention_scores/tool.ts';
import { defineTool } from '../define.ts';
import { topHeads } from '../top.ts';

export const successorScores = defineTool({
  name: 'successor_scores',
  description:
    'Successor score of heads from weights: the share of items of ordered lists whose successor gets the highest logit of its list, of what a head writes of MLP0(W_E). It ignores attention: it says what a head could do, and an ablation says whether it does. Needs a behaviour with ordered lists.',
  runs: 'worker',
  input: z
    .strictObject({
      components: z.array(Component).min(1).max(512).nullable().default(null).describe('heads; null: the best'),
      reads: z
        .enum(['mlp', 'embedding-and-mlp'])
        .default('mlp')
        .describe('what heads read of an item: MLP0(W_E) as published, or with the embedding itself added'),
      lists: z.array(Slug).min(1).nullable().default(null).describe('ordered lists of the behaviour; null: all'),
      top: topHeads(3),
    })
    .meta({ id: 'SuccessorScoresInput' }),
  output: z
    .strictObject({
      heads: z.array(ScoredHead).describe('in the order asked, or best first; share of items, mean over lists'),
      mean: z.number().describe('mean score of the heads in `heads`'),
      best_other: z.number().nullable().describe('best score of a head that is not in `heads`; null: none is left'),
      all_heads: z.number().int(),
      lists: z.array(
        z
          .strictObject({
            list: Slug,
            items: z.number().int().describe('that are one token'),
            chance: Share.describe('one item of the list'),
            best: Component,
            score: Share,
          })
          .meta({ id: 'SuccessorList' }),
      ),
      left_out: z.array(
        z
          .strictObject({ list: Slug, why: z.string() })
          .meta({ id: 'LeftOutList', description: 'A list that this tokenizer cuts into pieces.' }),
      ),
      scores: ArtifactRef.describe('(list, layer, head) float32, share of items'),
      receipt: Receipt,
    })
    .meta({ id: 'SuccessorScoresOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'weights, and the first layer on one item at a time' }),
});
