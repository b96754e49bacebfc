/** Activation patching by layer and position: the map of where in a prompt, and how deep, the answer is decided. */
import * as z from 'zod';
import { ArtifactRef, PairedPrompts, Position, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { counterpart, METRIC, recovery } from '../replacement.ts';

const Cell = {
  layer: z.number().int().min(0),
  position: Position.describe('as it was asked for'),
  effect: z.number().describe('mean over prompts, and over tasks if not of one'),
};

export const sweepLayers = defineTool({
  name: 'sweep_layers',
  description:
    'For every layer and each position asked for: replace the MLP output, or the residual stream after the layer, there alone, and measure the change in probability of the first answer token (contrast pairs: of the logit difference), exactly. Use it to see where and how deep the answer is decided, before looking for heads.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: PairedPrompts,
      site: z.enum(['residual', 'mlp']).default('residual'),
      replace_by: z
        .enum(['counterfactual', 'resample', 'mean', 'zero'])
        .default('counterfactual')
        .describe(
          'counterfactual: the same words with the labels shuffled, or in order if these are shuffled, and of contrast pairs the counterfactual that the prompts name; resample: another prompt of the task; mean: over the prompts of the task',
        ),
      positions: z
        .array(Position)
        .min(1)
        .max(4096)
        .default([-1])
        .describe(
          'each replaced by itself: counted from the end, -1 the last token, or slots of contrast pairs by name',
        ),
    })
    .meta({ id: 'SweepLayersInput' }),
  output: z
    .strictObject({
      effects: ArtifactRef.describe(`(task, prompt, layer, position) float32, change of the ${METRIC}`),
      cells: z
        .array(
          z
            .strictObject({
              ...Cell,
              sem: z.number().nullable().describe('standard error over tasks; null with one task'),
            })
            .meta({ id: 'LayerCell' }),
        )
        .describe('the ten strongest, whichever their sign'),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: z.number().describe(`before patching, mean ${METRIC}`),
            strongest: z.strictObject(Cell).meta({ id: 'StrongestCell' }),
          })
          .meta({ id: 'LayersTask' }),
      ),
      contrasts: z
        .array(
          z
            .strictObject({ task: Slug, counterpart, recovery: recovery.describe('of the strongest cell') })
            .meta({ id: 'ContrastLayers' }),
        )
        .optional()
        .describe('contrast pairs only'),
      receipt: Receipt,
    })
    .meta({ id: 'SweepLayersOutput' }),
  cost: ({ prompts, positions, replace_by }, facts) => ({
    forwards: (prompts.kind === 'contrast-pairs' && replace_by === 'counterfactual' ? 3 : 2) * promptCount(prompts),
    rows: promptCount(prompts) * facts.layers * positions.length,
    because:
      'one row per prompt, layer and position, beside one unpatched pass and one for the source, two for the counterfactuals of contrast pairs',
  }),
});
