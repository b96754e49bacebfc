/** Whether a circuit does by itself what the model does: faithfulness, completeness, minimality (Wang et al. 2023). */
import * as z from 'zod';
import { ArtifactRef, Component, ContrastPrompts, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const REPLACE_BY = ['counterfactual-mean', 'counterfactual', 'mean', 'zero'] as const;
const OUTSIDE = ['heads', 'heads-and-mlps'] as const;

const values = {
  whole: z.number().describe('F(M): mean logit difference, nothing replaced'),
  circuit: z.number().describe('F(C): with everything outside the circuit replaced'),
  empty: z.number().describe('F(none): with everything replaced'),
  faithfulness: z
    .number()
    .nullable()
    .describe('(F(C) - F(none)) / (F(M) - F(none)); null where the model is as good without'),
  difference: z.number().min(0).describe('|F(M) - F(C)|'),
};

const Recipe = z
  .strictObject({
    replaced: z.enum(OUTSIDE).describe('what outside the circuit is replaced'),
    replace_by: z.enum(REPLACE_BY),
    counterfactual: Slug.nullable().describe('variant whose outputs were put in'),
    positions: z.literal('all'),
    metric: z.literal('logit difference'),
    averaged: z.string(),
  })
  .meta({
    id: 'AblationRecipe',
    description: 'What the numbers depend on beside the circuit: compare like with like.',
  });

export const faithfulness = defineTool({
  name: 'faithfulness',
  description:
    'Keep a circuit, replace everything outside it at every token, and compare with the whole model (faithfulness); take subsets out of both (completeness), and each member out of the circuit (minimality). The recipe stands in the result: it moves these numbers more than the circuit does.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: ContrastPrompts,
      components: z.array(Component).min(1).max(512).describe('the circuit'),
      outside: z
        .enum(OUTSIDE)
        .default('heads')
        .describe('what is replaced where it is not in the circuit; heads: MLPs always run'),
      replace_by: z
        .enum(REPLACE_BY)
        .default('counterfactual-mean')
        .describe(
          'counterfactual: token by token; means: over the prompts of a task whose slots lie at the same tokens',
        ),
      subsets: z
        .array(z.array(Component).min(1).max(512))
        .min(1)
        .max(64)
        .nullable()
        .default(null)
        .describe('K of completeness and minimality, of the circuit; null: none given'),
      random_subsets: z
        .number()
        .int()
        .min(0)
        .max(64)
        .default(0)
        .describe('random K in addition, each member with probability 1/2'),
    })
    .meta({ id: 'FaithfulnessInput' }),
  output: z
    .strictObject({
      ...values,
      tasks: z.array(z.strictObject({ task: Slug, ...values }).meta({ id: 'FaithfulTask' })),
      completeness: z
        .array(
          z
            .strictObject({
              subset: z.array(Component).describe('K'),
              circuit_without: z.number().describe('F(C without K)'),
              model_without: z.number().describe('F(M without K)'),
              difference: z.number().min(0),
            })
            .meta({ id: 'CompletenessRow' }),
        )
        .describe('one row for each K'),
      incompleteness: z.number().min(0).nullable().describe('largest of these differences; null without K'),
      minimality: z
        .array(
          z
            .strictObject({
              component: Component,
              alone: z.number().describe('F(C without it) - F(C)'),
              alone_share: z.number().nullable().describe('alone / |F(M)|'),
              largest: z.number().min(0).describe('largest |F(C without K and it) - F(C without K)|, K empty included'),
              share: z.number().min(0).nullable().describe('largest / |F(M)|'),
            })
            .meta({ id: 'MinimalityRow' }),
        )
        .describe('members in the order asked'),
      least_change: z.number().min(0).describe('smallest `largest` of a member'),
      recipe: Recipe,
      values: ArtifactRef.describe('(circuit, prompt) float32: logit difference with these components kept'),
      receipt: Receipt,
    })
    .meta({ id: 'FaithfulnessOutput' }),
  cost: ({ prompts, components, subsets, random_subsets }) => ({
    forwards: 3 * promptCount(prompts),
    rows: promptCount(prompts) * (1 + (1 + (subsets?.length ?? 0) + random_subsets) * (2 + components.length)),
    because: 'clean and what is put in, and a row for the circuit, the model without K and each member taken out',
  }),
});
