/** How well the model does the behaviour: accuracy and probability of the first answer token, per task; contrast pairs: also answer against rivals. */
import * as z from 'zod';
import { ArtifactRef, Prompts, Receipt, Share, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

export const TaskScore = z
  .strictObject({
    task: Slug,
    prompts: z.number().int(),
    accuracy: Share.describe('share of prompts whose most likely next token is the first answer token'),
    probability: Share.describe('mean probability of the first answer token'),
    majority: Share.describe('accuracy of always giving the most frequent answer of these prompts'),
    loss: z.number().describe('mean negative log probability of the answer token, nats'),
  })
  .meta({ id: 'TaskScore' });

const ContrastScore = z
  .strictObject({
    task: Slug,
    variant: Slug.describe('clean or a counterfactual; answers and rivals are those of the clean prompt'),
    prompts: z.number().int(),
    shots: z.number().int().describe('demonstrations in each'),
    accuracy: Share.describe('share of prompts whose most likely next token is an answer'),
    rival_accuracy: Share.describe('share of prompts whose most likely next token is a rival'),
    preferred: Share.describe('share of prompts with a logit difference above 0'),
    logit_difference: z
      .number()
      .describe(
        'logit of the answer - logit of the rival, mean over prompts; of several tokens the log of their summed exp',
      ),
    sem: z.number().nullable().describe('standard error of the logit difference; null with one prompt'),
    probability_difference: z
      .number()
      .min(-1)
      .max(1)
      .describe('probability of all answers - of all rivals, mean over prompts'),
  })
  .meta({ id: 'ContrastScore' });

export const measureBehaviour = defineTool({
  name: 'measure_behaviour',
  description:
    'Accuracy, answer probability and majority baseline per task. Repeated tokens give two rows: first-block (chance) and later-blocks (induction). Contrast pairs add answer against rivals (logit difference) for the variant asked for, and for the counterfactual if one is named.',
  runs: 'worker',
  input: z.strictObject({ prompts: Prompts }).meta({ id: 'MeasureBehaviourInput' }),
  output: z
    .strictObject({
      tasks: z.array(TaskScore),
      accuracy: Share.describe('mean over the tasks; of repeated tokens that of the later blocks'),
      contrasts: z.array(ContrastScore).optional().describe('contrast pairs only, per task and variant'),
      per_prompt: ArtifactRef.describe(
        '(task, prompt, statistic) float32: correct, probability, log probability; contrast pairs: logit and probability difference too',
      ),
      receipt: Receipt,
    })
    .meta({ id: 'MeasureBehaviourOutput' }),
  cost: ({ prompts }) => {
    const both = prompts.kind === 'contrast-pairs' && prompts.counterfactual !== null;
    return {
      forwards: promptCount(prompts) * (both ? 2 : 1),
      rows: 0,
      because: both ? 'one forward per prompt and one per counterfactual' : 'one forward per prompt',
    };
  },
});
