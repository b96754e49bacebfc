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

const Pair = z
  .strictObject({
    task: Slug,
    text: z.string().describe('the clean prompt'),
    answers: z.array(z.string()),
    rivals: z.array(z.string()),
    counterfactuals: z.array(z.strictObject({ name: Slug, text: z.string() }).meta({ id: 'CounterfactualSample' })),
    positions: z
      .array(
        z
          .strictObject({
            name: z.string().describe('slot; demonstrations.<slot> stands for one token in each demonstration'),
            from_the_end: z.array(z.number().int().max(-1)).describe('-1 is the last token'),
            tokens: z.array(z.string()).describe('the tokens there, in the clean prompt'),
          })
          .meta({ id: 'NamedPosition' }),
      )
      .describe('the same in every variant'),
  })
  .meta({ id: 'PairSample' });

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
      samples: z.array(Sample).describe('empty for contrast pairs'),
      pairs: z.array(Pair).optional().describe('contrast pairs only'),
      passed_over: z
        .array(
          z
            .strictObject({ task: Slug, why: z.string(), pairs: z.number().int() })
            .meta({ id: 'PassedOver', description: 'Contrast pairs that were drawn and left out.' }),
        )
        .optional()
        .describe('contrast pairs only: pairs that this tokenizer cannot express; others were drawn in their place'),
      unscorable: z
        .array(z.strictObject({ task: Slug, why: z.string() }).meta({ id: 'UnscorableTask' }))
        .describe('tasks that this tokenizer cannot score by one answer token'),
      scorable: z
        .array(Slug)
        .describe('tasks of this call that can be scored by one answer token; refused when there is none'),
      longest: z.number().int().describe('tokens of the longest prompt'),
      tokens: ArtifactRef.describe('(prompt, token) int64, right-padded with -1'),
      receipt: Receipt,
    })
    .meta({ id: 'GeneratePromptsOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'no model is run' }),
});
