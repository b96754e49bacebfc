/** Average indirect effect over prompts, then tasks; heads best first, with two disjoint halves for stability. */
import * as z from 'zod';
import { ArtifactRef, Component, Receipt, Sha256 } from '../../src/contract/index.ts';
import { defineTool } from '../define.ts';
import { topHeads } from '../top.ts';

export const RankedHead = z
  .strictObject({
    component: Component,
    effect: z.number().describe('average indirect effect: mean over prompts, then over tasks'),
    sem: z.number().nullable().describe('standard error over tasks; null with one task'),
  })
  .meta({ id: 'RankedHead' });

export const rankHeads = defineTool({
  name: 'rank_heads',
  description:
    'Average the effects of sweep_heads over prompts, then tasks, and rank the heads. `half_a` and `half_b` rank by disjoint halves of the prompts.',
  runs: 'worker',
  input: z
    .strictObject({
      sweep: Sha256.describe('artifact of sweep_heads'),
      top: topHeads(10),
    })
    .meta({ id: 'RankHeadsInput' }),
  output: z
    .strictObject({
      heads: z.array(RankedHead).describe('the top heads, best first'),
      half_a: z.array(Component).describe('top heads by the even prompts'),
      half_b: z.array(Component).describe('top heads by the odd prompts'),
      all_heads: z.number().int(),
      mean_depth: z.number().describe('mean layer / number of layers of the top heads'),
      average: ArtifactRef.describe('(layer, head) float32, average indirect effect'),
      receipt: Receipt,
    })
    .meta({ id: 'RankHeadsOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'arithmetic on an artifact' }),
});
