/** Adds the function vector of a set of heads to the residual stream and measures what the model then does. */
import * as z from 'zod';
import { ArtifactRef, Component, InContextPrompts, Receipt, Sha256, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const Injection = z
  .strictObject({
    layer: z.number().int(),
    scale: z.number(),
    accuracy: Share.describe('mean over the tasks'),
    tasks: z.array(z.strictObject({ task: Slug, accuracy: Share }).meta({ id: 'TaskAccuracy' })),
  })
  .meta({ id: 'Injection' });

export const injectVector = defineTool({
  name: 'inject_vector',
  description:
    "Function vector = sum over heads of their mean output (of the prompt's own task) through the output projection. It is added after a layer at the last token; accuracy is reported for each layer and scale. Usually on zero-shot prompts.",
  runs: 'worker',
  input: z
    .strictObject({
      prompts: InContextPrompts,
      source: Sha256.describe('artifact of mean_activations'),
      components: z.array(Component).min(1).max(512).describe('heads'),
      layers: z
        .array(z.number().int().min(0))
        .min(1)
        .nullable()
        .default(null)
        .describe('added after these layers; null: all'),
      scales: z.array(z.number().positive()).min(1).max(8).default([1]).describe('multiples of the vector'),
      vector: z
        .enum(['own-task', 'other-task'])
        .default('own-task')
        .describe('other-task: the vector of another task of the same domain, a control'),
      norm: z
        .enum(['raw', 'through-norm'])
        .default('raw')
        .describe('through-norm: pass the sum through the post-attention norm, where the model has one'),
    })
    .meta({ id: 'InjectVectorInput' }),
  output: z
    .strictObject({
      before: Share.describe('accuracy without the vector, mean over the tasks'),
      rows: z.array(Injection),
      best: Injection,
      accuracy: ArtifactRef.describe('(task, layer, scale) float32'),
      receipt: Receipt,
    })
    .meta({ id: 'InjectVectorOutput' }),
  cost: ({ prompts, layers, scales }, facts) => ({
    forwards: promptCount(prompts),
    rows: promptCount(prompts) * (layers?.length ?? facts.layers) * scales.length,
    because: 'one row per prompt, layer and scale, beside one pass without the vector',
  }),
});
