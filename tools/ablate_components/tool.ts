/** Replaces the outputs of components and reports what the behaviour loses. */
import * as z from 'zod';
import { Component, Position, Prompts, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';
import { TaskScore } from '../measure_behaviour/tool.ts';
import { counterpart } from '../replacement.ts';

export const Said = z
  .strictObject({
    accuracy: Share.describe('share of prompts whose most likely next token is an answer'),
    rival_accuracy: Share.describe('share of prompts whose most likely next token is a rival'),
    logit_difference: z.number().describe('answer against rivals, mean over prompts'),
    probability_difference: z.number().min(-1).max(1).describe('of all answers - of all rivals, mean over prompts'),
  })
  .meta({ id: 'SaidOfContrasts' });

const AblatedContrast = z
  .strictObject({
    task: Slug,
    prompts: z.number().int(),
    before: Said,
    after: Said,
    change: z.number().describe('of the logit difference, after - before'),
    counterpart,
    recovery: z
      .number()
      .nullable()
      .describe('change as share of the way from before to counterpart; null without counterpart'),
    alone: z
      .array(
        z
          .strictObject({ component: Component, change: z.number().describe('of the logit difference') })
          .meta({ id: 'AblatedAlone' }),
      )
      .optional()
      .describe('each component replaced by itself, in the order asked'),
  })
  .meta({ id: 'AblatedContrast' });

const AblatedOne = z
  .strictObject({
    component: Component,
    added_loss: z.number().describe('it alone is replaced: after - before, nats'),
    regained_loss: z.number().describe('it alone is left of all: how much less is lost than with all replaced, nats'),
    regained_share: z.number().describe('regained_loss / added_loss of all; 0 where replacing all costs nothing'),
  })
  .meta({ id: 'AblatedOne' });

export const ablateComponents = defineTool({
  name: 'ablate_components',
  description:
    'Replace the outputs of components by zero or by their mean over these prompts, and measure the behaviour. Use it to test necessity. In contrast pairs also by what the counterfactual has at the same token, or by its mean: `contrasts` then tells how often answer and rival are said.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: Prompts,
      components: z.array(Component).min(1).max(512),
      replace_by: z
        .enum(['mean', 'zero', 'counterfactual', 'counterfactual-mean'])
        .default('mean')
        .describe(
          'mean: over the prompts of this call, all tasks together; of contrast pairs over those of the task that have their slots at the same tokens. counterfactual and counterfactual-mean: contrast pairs only',
        ),
      positions: z
        .union([z.enum(['last', 'all']), z.array(Position).min(1)])
        .default('last')
        .describe('all: the mean is over positions too, but in contrast pairs token by token; those also take slots'),
      each: z
        .boolean()
        .optional()
        .describe('replace each component by itself too; outside contrast pairs also all but it, see `each`'),
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
      each: z.array(AblatedOne).optional().describe('in the order asked; not of contrast pairs, which have `alone`'),
      contrasts: z.array(AblatedContrast).optional().describe('contrast pairs only'),
      receipt: Receipt,
    })
    .meta({ id: 'AblateComponentsOutput' }),
  cost: ({ prompts, components, each }) => ({
    forwards: 2 * promptCount(prompts),
    rows:
      promptCount(prompts) * (each === true ? 1 + (prompts.kind === 'contrast-pairs' ? 1 : 2) * components.length : 1),
    because: 'clean, the means or the counterfactual, and ablated',
  }),
});
