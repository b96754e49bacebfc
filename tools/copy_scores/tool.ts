/** Whether a head's OV circuit copies, from weights alone (Elhage et al. 2021, "A Mathematical Framework", copying heads). */
import * as z from 'zod';
import { ArtifactRef, Component, Receipt } from '../../src/contract/index.ts';
import { ScoredHead } from '../attention_scores/tool.ts';
import { defineTool } from '../define.ts';

export const copyScores = defineTool({
  name: 'copy_scores',
  description:
    'OV copying score of heads from weights alone: sum of the eigenvalues of W_U W_O W_V W_E over the sum of their absolute values, from -1 to 1. Positive: attending to a token raises that token.',
  runs: 'worker',
  input: z
    .strictObject({
      components: z.array(Component).min(1).max(512).nullable().default(null).describe('heads; null: all'),
    })
    .meta({ id: 'CopyScoresInput' }),
  output: z
    .strictObject({
      heads: z.array(ScoredHead).describe('in the order asked, or best first for all; score from -1 to 1'),
      mean: z.number().describe('mean score of the heads asked for'),
      scores: ArtifactRef.describe('(layer, head) float32; heads not asked for are also measured'),
      receipt: Receipt,
    })
    .meta({ id: 'CopyScoresOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'weights only' }),
});
