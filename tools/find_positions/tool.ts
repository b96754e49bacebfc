/** Where in a prompt the answer's information lies, and where it goes from layer to layer. */
import * as z from 'zod';
import { ArtifactRef, ContrastPrompts, Position, Receipt, Slug } from '../../src/contract/index.ts';
import { promptCount } from '../counts.ts';
import { defineTool } from '../define.ts';

const layer = z.number().int().min(0);
const share = z
  .number()
  .nullable()
  .describe('effect as share of the way from baseline to counterpart; null where these are equal');

export const findPositions = defineTool({
  name: 'find_positions',
  description:
    'At which named tokens of contrast pairs the answer’s information lies, after every layer: the residual stream of the counterfactual is put in at one position and layer at a time, exactly. Use it before looking for heads: they must read where information lies and write where it goes.',
  runs: 'worker',
  input: z
    .strictObject({
      prompts: ContrastPrompts,
      positions: z
        .array(Position)
        .min(1)
        .max(256)
        .nullable()
        .default(null)
        .describe('slots by name or tokens from the end; null: every slot that all pairs have, and END'),
    })
    .meta({ id: 'FindPositionsInput' }),
  output: z
    .strictObject({
      baseline: z.number().describe('mean logit difference, nothing patched; mean over tasks'),
      counterpart: z.number().describe('that of the counterfactual prompts'),
      positions: z
        .array(
          z
            .strictObject({
              position: Position.describe('as it was asked for'),
              layer: layer.describe('where it matters most'),
              effect: z.number().describe('change of the logit difference there'),
              recovery: share,
              recoveries: z.array(share).describe('after each layer'),
              carries: z
                .array(layer)
                .describe('layers after which it brings half of the counterfactual answer or more'),
            })
            .meta({ id: 'CarryingPosition' }),
        )
        .describe('in the order asked, or of the prompt'),
      layers: z.array(
        z
          .strictObject({ layer, position: Position.describe('where most lies after this layer'), recovery: share })
          .meta({ id: 'CarriedLayer' }),
      ),
      tasks: z.array(
        z
          .strictObject({
            task: Slug,
            prompts: z.number().int(),
            baseline: z.number(),
            counterpart: z.number().nullable(),
            position: Position.describe('of the strongest cell'),
            layer,
            recovery: share,
          })
          .meta({ id: 'PositionsTask' }),
      ),
      effects: ArtifactRef.describe('(task, prompt, layer, position) float32, change of the logit difference'),
      receipt: Receipt,
    })
    .meta({ id: 'FindPositionsOutput' }),
  cost: ({ prompts, positions }, facts) => ({
    forwards: 3 * promptCount(prompts),
    rows: promptCount(prompts) * facts.layers * (positions?.length ?? 8),
    because: 'one row per prompt, layer and position (eight, where none are named), beside the pair itself',
  }),
});
