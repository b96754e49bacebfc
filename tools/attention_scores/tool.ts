/** Where heads look: the share of attention on a pattern, per head. */
import * as z from 'zod';
import { ArtifactRef, Component, Receipt, RepeatedPrompts } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const ScoredHead = z.strictObject({ component: Component, score: z.number() }).meta({ id: 'ScoredHead' });

export const attentionScores = defineTool({
  name: 'attention_scores',
  description:
    'Mean attention of every head on a pattern over repeated random tokens. `induction` (prefix matching): from a token to the one after its previous occurrence. `previous-token`: from a token to the one before. `duplicate-token`: from a token to its previous occurrence. `first-token` (attention sink): from the tokens of the first block to the first token of all.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: RepeatedPrompts,
      pattern: z.enum(['induction', 'previous-token', 'duplicate-token', 'first-token']).default('induction'),
      components: z
        .array(Component)
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('heads to report, in this order; null: the best ones'),
      top: z
        .number()
        .int()
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('heads returned; null: 2 % of all heads, at least 3'),
    })
    .meta({ id: 'AttentionScoresInput' }),
  output: z
    .strictObject({
      heads: z.array(ScoredHead).describe('best first; score is a share of attention, 0 to 1'),
      mean: z.number().describe('mean score of the heads in `heads`'),
      all_heads: z.number().int(),
      scores: ArtifactRef.describe('(sequence, layer, head) float32, share of attention'),
      receipt: Receipt,
    })
    .meta({ id: 'AttentionScoresOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per sequence' }),
});
