/** Where heads look: the share of attention on a pattern, per head. */
import * as z from 'zod';
import {
  ArtifactRef,
  Component,
  ContrastPrompts,
  Position,
  Receipt,
  RepeatedPrompts,
} from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { topHeads } from '../top.ts';

export const ScoredHead = z.strictObject({ component: Component, score: z.number() }).meta({ id: 'ScoredHead' });

const AttendedHead = z
  .strictObject({
    component: Component,
    score: z.number(),
    times_mean: z.number().optional().describe('contrast pairs: score / mean score of all heads; 0 where that is 0'),
  })
  .meta({ id: 'AttendedHead' });

const Attended = z
  .discriminatedUnion('kind', [RepeatedPrompts, ContrastPrompts])
  .meta({ id: 'AttendedPrompts', description: 'Prompts with a pattern, or with named positions.' });

const places = z.array(Position).min(1).optional();

export const attentionScores = defineTool({
  name: 'attention_scores',
  description:
    'Mean attention of every head, on a pattern over repeated random tokens: `induction` (to the token after the previous occurrence), `previous-token`, `duplicate-token` (to the previous occurrence), `first-token` (sink: from the first block to the first token of all). Over contrast pairs: from named positions (`queries`) to named positions (`keys`).',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: Attended,
      pattern: z
        .enum(['induction', 'previous-token', 'duplicate-token', 'first-token'])
        .default('induction')
        .describe('of repeated tokens'),
      queries: places.describe('contrast pairs: tokens that look; START is the first token, END the last'),
      keys: places.describe('contrast pairs: tokens looked at, up to the one that looks; their shares are added'),
      lines: z
        .enum(['all', 'same'])
        .optional()
        .describe('all (default): every key; same: the first query looks at the first key alone, and so on'),
      components: z
        .array(Component)
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('heads to report, in this order; null: the best ones'),
      top: topHeads(3),
    })
    .meta({ id: 'AttentionScoresInput' }),
  output: z
    .strictObject({
      heads: z.array(AttendedHead).describe('best first; score is a share of attention, 0 to 1'),
      mean: z.number().describe('mean score of the heads in `heads`'),
      mean_head: z.number().optional().describe('contrast pairs: mean score of all heads of the model'),
      all_heads: z.number().int(),
      scores: ArtifactRef.describe('(sequence or prompt, layer, head) float32, share of attention'),
      receipt: Receipt,
    })
    .meta({ id: 'AttentionScoresOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per sequence' }),
});
