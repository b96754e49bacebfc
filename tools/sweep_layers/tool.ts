/** Activation patching by layer and position: the map of where in a prompt, and how deep, the answer is decided. */
import * as z from 'zod';
import { ArtifactRef, InContextPrompts, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const Cell = {
  layer: z.number().int().min(0),
  position: z.number().int().max(-1).describe('counted from the end'),
  effect: z.number().describe('mean over prompts, and over tasks if not of one'),
};

export const sweepLayers = defineTool({
  name: 'sweep_layers',
  description:
    'For every layer and each position asked for: replace the MLP output, or the residual stream after the layer, there alone, and measure the change in probability of the first answer token, exactly. Use it to see where and how deep the answer is decided, before looking for heads.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: InContextPrompts,
      site: z.enum(['residual', 'mlp']).default('residual'),
      replace_by: z
        .enum(['counterfactual', 'resample', 'mean', 'zero'])
        .default('counterfactual')
        .describe(
          'counterfactual: the same words with the labels shuffled, or in order if these are shuffled; resample: another prompt of the task; mean: over the prompts of the task',
        ),
      positions: z
        .array(z.number().int().max(-1))
        .min(1)
        .max(4096)
        .default([-1])
        .describe('each replaced by itself, counted from the end: -1 is the last token'),
    })
    .meta({ id: 'SweepLayersInput' }),
  output: z
    .strictObject({
      effects: ArtifactRef.describe(
        '(task, prompt, layer, position) float32, change in probability of the first answer token',
      ),
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
            baseline: Share.describe('mean probability before patching'),
            strongest: z.strictObject(Cell).meta({ id: 'StrongestCell' }),
          })
          .meta({ id: 'LayersTask' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'SweepLayersOutput' }),
  cost: ({ prompts, positions }, facts) => ({
    forwards: 2 * promptCount(prompts),
    rows: promptCount(prompts) * facts.layers * positions.length,
    because: 'one row per prompt, layer and position, beside one unpatched pass and one for the source',
  }),
});
