/** Replaces the outputs of components and reports what the behaviour loses. */
import * as z from 'zod';
import { Component, Receipt, Share, TargetPrompts } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { TaskScore } from '../measure_behaviour/tool.ts';

export const ablateComponents = defineTool({
  name: 'ablate_components',
  description:
    'Replace the outputs of components by zero or by their mean over these prompts, and measure the behaviour. Use it to test necessity.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: TargetPrompts,
      components: z.array(Component).min(1).max(512),
      replace_by: z
        .enum(['mean', 'zero'])
        .default('mean')
        .describe('mean: over the prompts of this call, all tasks together'),
      positions: z.enum(['last', 'all']).default('last').describe('all: the mean is over positions too'),
    })
    .meta({ id: 'AblateComponentsInput' }),
  output: z
    .strictObject({
      before: z.array(TaskScore),
      after: z.array(TaskScore),
      accuracy_before: Share,
      accuracy_after: Share,
      lost_accuracy: z.number().describe('before - after, share of prompts'),
      loss_before: z.number().describe('nats per answer token; repeated tokens: later blocks'),
      loss_after: z.number(),
      added_loss: z.number().describe('after - before, nats'),
      receipt: Receipt,
    })
    .meta({ id: 'AblateComponentsOutput' }),
  cost: ({ prompts }) => ({
    forwards: 2 * promptCount(prompts),
    rows: promptCount(prompts),
    because: 'clean, the means, and ablated',
  }),
});
