/** Writes prompts of the behaviour and shows a few, so that a planner sees what it will measure. */
import * as z from 'zod';
import { ArtifactRef, Prompts, Receipt, Slug } from '../../src/contract/index.ts';
import { defineTool } from '../define.ts';

const Sample = z
  .strictObject({
    task: Slug,
    text: z.string(),
    answer: z.string().describe('text that must follow; empty for repeated tokens'),
    first_answer_token: z.string().describe('the token that is scored; empty for repeated tokens'),
  })
  .meta({ id: 'PromptSample' });

export const generatePrompts = defineTool({
  name: 'generate_prompts',
  description:
    'Generate prompts and show some of them, with the answer token that will be scored. Says which tasks this tokenizer cannot score in one step.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: Prompts,
      show: z.number().int().min(0).max(8).default(1).describe('samples shown per task'),
    })
    .meta({ id: 'GeneratePromptsInput' }),
  output: z
    .strictObject({
      samples: z.array(Sample),
      unscorable: z
        .array(z.strictObject({ task: Slug, why: z.string() }).meta({ id: 'UnscorableTask' }))
        .describe('tasks whose answers share their first token on this tokenizer'),
      scorable: z
        .array(Slug)
        .describe('tasks of this call that can be scored by the first answer token; refused when there is none'),
      longest: z.number().int().describe('tokens of the longest prompt'),
      tokens: ArtifactRef.describe('(prompt, token) int64, right-padded with -1'),
      receipt: Receipt,
    })
    .meta({ id: 'GeneratePromptsOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'no model is run' }),
});
