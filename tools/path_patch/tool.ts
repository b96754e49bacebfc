/** Path patching: what a sender's change does along its direct paths to the output, or to what a head reads. */
import * as z from 'zod';
import { ArtifactRef, Component, ContrastPrompts, Position, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const Sender = z
  .strictObject({
    component: Component,
    receiver: z.string().describe('`logits`, or the head whose input was patched; together: all of them, joined by +'),
    effect: z.number().describe('change of the logit difference, mean over prompts, then tasks'),
    relative_change: z
      .number()
      .describe('effect / (baseline - counterpart): -1 undoes the whole difference, above 0 it grows'),
    strength: z.number().min(0).describe('size of the relative change, without its sign'),
    depth: Share.describe('layer of the sender / number of layers'),
  })
  .meta({ id: 'PathSender' });

export const pathPatch = defineTool({
  name: 'path_patch',
  description:
    'Path patching: give a sender (head or MLP) its output of the counterfactual, keep all other heads as they are, and let the change reach the final stream, or only what named heads read (query, key, value, or key and value). Tells the change of the logit difference for every sender, exactly.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: ContrastPrompts,
      senders: z
        .array(Component)
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe(
          'each by itself; null: every head below the highest receiver, or of the first layer; of receivers together none',
        ),
      receivers: z
        .array(Component)
        .min(1)
        .max(64)
        .nullable()
        .default(null)
        .describe('heads, each by itself; null: the final residual stream'),
      reads: z
        .enum(['query', 'key', 'value', 'key-and-value'])
        .default('value')
        .describe('what of the receivers is patched; key-and-value: all that they take from the tokens they look at'),
      together: z.boolean().default(false).describe('the receivers are patched together, not each by itself'),
      positions: z
        .array(Position)
        .min(1)
        .nullable()
        .default(null)
        .describe('tokens at which senders are changed: from the end, or slots; null: every token'),
      top: z
        .number()
        .int()
        .min(1)
        .max(512)
        .nullable()
        .default(null)
        .describe('senders told for each receiver; null: 2 % of all heads, at least 10'),
    })
    .meta({ id: 'PathPatchInput' }),
  output: z
    .strictObject({
      baseline: z.number().describe('mean logit difference, nothing patched; mean over tasks'),
      counterpart: z.number().describe('that of the counterfactual prompts'),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: z.number().describe('mean logit difference'),
            counterpart: z.number(),
          })
          .meta({ id: 'PathTask' }),
      ),
      senders: z.array(Sender).describe('receivers in the order asked, strongest sender first'),
      all_heads: z.number().int(),
      effects: ArtifactRef.describe('(task, prompt, receiver, sender) float32, change of the logit difference'),
      receipt: Receipt,
    })
    .meta({ id: 'PathPatchOutput' }),
  cost: ({ prompts, senders, receivers, together }, facts) => {
    const sending = senders?.length ?? facts.layers * facts.heads;
    const groups = receivers === null ? 0 : together ? 1 : receivers.length;
    return {
      forwards: 3 * promptCount(prompts),
      rows: promptCount(prompts) * sending * (1 + groups),
      because:
        'a pass over each prompt and two over its counterfactual; a row per sender, and one more for each receiver',
    };
  },
});
