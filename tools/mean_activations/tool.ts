/** Mean head outputs at the last token of clean prompts: what a function vector is made of. */
import * as z from 'zod';
import { ArtifactRef, PairedPrompts, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const meanActivations = defineTool({
  name: 'mean_activations',
  description:
    'Mean over prompts of every head output (input of the attention output projection) at the last token, per task. Source for sweep_heads and inject_vector.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: PairedPrompts,
      only_correct: z.boolean().default(true).describe('keep prompts that the model answers correctly, as published'),
    })
    .meta({ id: 'MeanActivationsInput' }),
  output: z
    .strictObject({
      means: ArtifactRef.describe('(task, layer, head, head_dim) float32'),
      kept: z.array(
        z.strictObject({ task: Slug, prompts: z.number().int(), of: z.number().int() }).meta({ id: 'KeptPrompts' }),
      ),
      receipt: Receipt,
    })
    .meta({ id: 'MeanActivationsOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per prompt' }),
});
