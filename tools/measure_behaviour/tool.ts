/** How well the model does the behaviour: accuracy and probability of the first answer token, per task. */
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

export const measureBehaviour = defineTool({
  name: 'measure_behaviour',
  description:
    'Accuracy, answer probability and majority baseline per task. Repeated tokens give two rows: first-block (chance) and later-blocks (induction).',
  runs: 'worker',
  input: z.strictObject({ prompts: Prompts }).meta({ id: 'MeasureBehaviourInput' }),
  output: z
    .strictObject({
      tasks: z.array(TaskScore),
      accuracy: Share.describe('mean over the tasks; of repeated tokens that of the later blocks'),
      per_prompt: ArtifactRef.describe('(task, prompt, statistic) float32: correct, probability, log probability'),
      receipt: Receipt,
    })
    .meta({ id: 'MeasureBehaviourOutput' }),
  cost: ({ prompts }) => ({ forwards: promptCount(prompts), rows: 0, because: 'one forward per prompt' }),
});
