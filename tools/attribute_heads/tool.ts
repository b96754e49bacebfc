/** Attribution patching and integrated gradients: a first-order estimate of the effect of every head, told apart from the exact one. */
import * as z from 'zod';
import { ArtifactRef, Component, InContextPrompts, Receipt, Sha256, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { replacement } from '../replacement.ts';
import { topHeads } from '../top.ts';

const STEPS = 5;

const Correlation = z.number().min(-1).max(1).nullable();

const Agreement = z
  .strictObject({
    sweep: Sha256,
    spearman: Correlation.describe(
      'rank correlation over all heads of the means over prompts, then tasks; null where all are equal',
    ),
    shared: z.number().int().min(0).describe('heads in both top tens'),
    largest_error: z.number().min(0).describe('largest difference of such a mean from the exact one, in probability'),
    tasks: z.array(
      z
        .strictObject({ task: Slug, spearman: Correlation, shared: z.number().int().min(0) })
        .meta({ id: 'TaskAgreement' }),
    ),
  })
  .meta({ id: 'SweepAgreement', description: 'How far estimates agree with the exact sweep.' });

export const attributeHeads = defineTool({
  name: 'attribute_heads',
  description:
    'Estimate the effects of sweep_heads from gradients. First order only: worst where attention or the answer’s probability is saturated. The exact sweep costs about the same (benchmark in the README) and is what a claim needs; use this to screen, or to compare with published scores.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: InContextPrompts,
      ...replacement,
      method: z
        .enum(['attribution', 'integrated'])
        .default('attribution')
        .describe(
          'attribution: gradient at the unedited prompt, times the change; integrated: mean gradient while all heads move together, each by its own change, which shares out their joint effect and not what each does alone',
        ),
      steps: z
        .number()
        .int()
        .min(1)
        .max(256)
        .nullable()
        .default(null)
        .describe(`points on that path, for integrated; null: ${STEPS}`),
      compare_with: Sha256.nullable()
        .default(null)
        .describe('artifact of sweep_heads with the same prompts, replacement and positions'),
      top: topHeads(10),
    })
    .meta({ id: 'AttributeHeadsInput' }),
  output: z
    .strictObject({
      estimates: ArtifactRef.describe(
        '(task, prompt, layer, head) float32, estimated change in probability of the first answer token',
      ),
      heads: z
        .array(
          z
            .strictObject({
              component: Component,
              estimate: z.number().describe('mean over prompts, then over tasks'),
              sem: z.number().nullable().describe('standard error over tasks; null with one task'),
            })
            .meta({ id: 'EstimatedHead' }),
        )
        .describe('the top heads, best first'),
      all_heads: z.number().int(),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: Share.describe('mean probability, nothing replaced'),
            best: Component,
            largest: z.number().describe('its estimate, mean over prompts'),
          })
          .meta({ id: 'EstimatedTask' }),
      ),
      agreement: Agreement.nullable().describe('null without compare_with'),
      receipt: Receipt,
    })
    .meta({ id: 'AttributeHeadsOutput' }),
  cost: ({ prompts, replace_by, method, steps }) => {
    const source = replace_by === 'mean' || replace_by === 'zero' ? 0 : 1;
    const passes = method === 'integrated' ? 1 + 2 * (steps ?? STEPS) : 2;
    return {
      forwards: promptCount(prompts) * (source + passes),
      rows: 0,
      because: 'a pass forward and one back, which counts as one, for each point of the path; one for another source',
    };
  },
});
