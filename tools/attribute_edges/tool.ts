/** Attribution patching and EAP-IG over edges: a first-order estimate for every connection between heads and MLPs. */
import * as z from 'zod';
import { ArtifactRef, ContrastPrompts, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const STEPS = 5;

export const attributeEdges = defineTool({
  name: 'attribute_edges',
  description:
    'Estimate from gradients what each edge carries: from the embedding, a head or an MLP to what a head reads (query, key, value), to an MLP or to the logits. All edges for the price of a few passes, first order only; path_patch measures the ones that matter exactly. Contrast pairs.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: ContrastPrompts,
      method: z
        .enum(['attribution', 'integrated'])
        .default('attribution')
        .describe(
          'attribution: gradient at the unedited prompt; integrated: mean gradient while the embedding goes from there to the counterfactual (EAP-IG on inputs)',
        ),
      steps: z
        .number()
        .int()
        .min(1)
        .max(256)
        .nullable()
        .default(null)
        .describe(`points on that path, for integrated; null: ${STEPS}`),
      top: z.number().int().min(1).max(512).nullable().default(null).describe('edges returned; null: 50'),
    })
    .meta({ id: 'AttributeEdgesInput' }),
  output: z
    .strictObject({
      estimates: ArtifactRef.describe('(task, source, target) float32, mean over prompts; 0 where there is no edge'),
      edges: z
        .array(
          z
            .strictObject({
              edge: z.string().describe('such as a0.h1->a9.h6<q>, input->m0 or m3->logits'),
              source: z.string(),
              target: z.string(),
              estimate: z
                .number()
                .describe(
                  'change of the logit difference if this edge alone carried the counterfactual; mean over tasks',
                ),
              sem: z.number().nullable().describe('standard error over tasks; null with one task'),
            })
            .meta({ id: 'AttributedEdge' }),
        )
        .describe('the strongest, whichever their sign'),
      all_edges: z.number().int(),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: z.number().describe('mean logit difference'),
            counterpart: z.number().describe('that of the counterfactual prompts'),
          })
          .meta({ id: 'EdgesTask' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'AttributeEdgesOutput' }),
  cost: ({ prompts, method, steps }) => ({
    forwards: promptCount(prompts) * (4 + 2 * (method === 'integrated' ? (steps ?? STEPS) : 1)),
    rows: 0,
    because: 'the pair twice, and a pass forward and one back for each point of the path',
  }),
});
