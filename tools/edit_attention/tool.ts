/** Makes heads look where they do not look by themselves, and reports what the model then says. */
import * as z from 'zod';
import { Component, ContrastPrompts, Position, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { Said } from '../ablate_components/tool.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const Edited = z
  .strictObject({
    task: Slug,
    prompts: z.number().int(),
    before: Said,
    after: Said,
    change: z.number().describe('of the logit difference, after - before'),
  })
  .meta({ id: 'EditedContrast' });

export const editAttention = defineTool({
  name: 'edit_attention',
  description:
    'Edit attention patterns over contrast pairs: from one token (`query`) the named heads look at the tokens `keys` alone, evenly; everything downstream is computed anew. Use it to repair a behaviour by making heads do what they do elsewhere. Tells how often answer and rival are said before and after.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: ContrastPrompts,
      components: z.array(Component).min(1).max(64).describe('heads'),
      query: Position.default('END').describe('token that looks'),
      keys: z.array(Position).min(1).describe('tokens looked at, each before the one that looks'),
    })
    .meta({ id: 'EditAttentionInput' }),
  output: z
    .strictObject({
      accuracy_before: Share,
      accuracy_after: Share,
      gained_accuracy: z.number().min(-1).max(1).describe('after - before, share of prompts; mean over tasks'),
      change: z.number().describe('of the logit difference, after - before; mean over tasks'),
      contrasts: z.array(Edited),
      receipt: Receipt,
    })
    .meta({ id: 'EditAttentionOutput' }),
  cost: ({ prompts }) => ({
    forwards: 2 * promptCount(prompts),
    rows: promptCount(prompts),
    because: 'the values at the keys, clean, and edited',
  }),
});
