/** Facts of the model that is open, with the proof that its heads are heads. */
import * as z from 'zod';
import { ModelFacts } from '../../src/contract/index.ts';
import { defineTool } from '../define.ts';

export const describeModel = defineTool({
  name: 'describe_model',
  description:
    'Shape and features of the target model, and the result of its causal self-test. Costs nothing: read at load.',
  runs: 'worker',
  input: z.strictObject({}).meta({ id: 'DescribeModelInput' }),
  output: z.strictObject({ facts: ModelFacts }).meta({ id: 'DescribeModelOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'facts are kept from loading' }),
});
