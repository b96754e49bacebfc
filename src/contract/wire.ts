/**
 * What travels between the orchestrator and the worker: JSON-RPC 2.0, one message a line, UTF-8, LF.
 * Exactly one reply per request; progress and cancel are notifications that carry the request's id. Tensors never travel here.
 */
import * as z from 'zod';
import { Material } from './behaviour.ts';
import { CurriculumRecipe } from './curriculum.ts';
import { Failure } from './error.ts';
import { Dtype, ExpectedFacts, ModelFacts, OrganismRecipe } from './model.ts';
import { Engine, Json, Seed, Sha256 } from './names.ts';
import { HandRecipe } from './planted.ts';

export const WIRE_VERSION = 1;
/** A line over this is a fault on either side: results are summaries, arrays are artifacts. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

export const Hello = z
  .strictObject({
    wire: z.number().int(),
    contract_sha256: Sha256.describe("of contract.schema.json; must equal the orchestrator's"),
    python: z.string(),
    torch: z.string(),
    transformers: z.string(),
    worker: z.string(),
    device: z.string(),
    tools: z.array(z.string()),
  })
  .meta({ id: 'Hello' });
export type Hello = z.infer<typeof Hello>;

export const OpenRequest = z
  .strictObject({
    model: z.string().describe('name for receipts'),
    folder: z.string().nullable().describe('local folder; null: the hub cache'),
    repository: z.string().nullable(),
    revision: z.string().nullable().describe('40 hex digits for a hub model'),
    weights_sha256: Sha256.nullable().describe('refused when the files differ; null: not known yet'),
    dtype: Dtype,
    device: z.string().describe('auto, cpu, cuda:N, or several with commas, over which the layers are spread'),
    engine: Engine.describe('both give the same numbers; reference is slow and obviously right'),
    expect: ExpectedFacts.nullable(),
    material: Material,
    artifacts: z.string().describe('folder for artifacts'),
  })
  .meta({ id: 'OpenRequest', description: 'Load a model and one half of a behaviour; a worker is opened once.' });
export type OpenRequest = z.infer<typeof OpenRequest>;

export const OpenResult = z.strictObject({ facts: ModelFacts }).meta({ id: 'OpenResult' });

export const BuildRequest = z
  .strictObject({
    organism: z.string(),
    folder: z.string().describe('written whole or not at all'),
    recipe: OrganismRecipe,
    material: z.array(Material).describe('both halves of every behaviour of the recipe'),
  })
  .meta({
    id: 'BuildRequest',
    description: 'Train an organism; progress carries the loss. Answered by an OrganismCard.',
  });
export type BuildRequest = z.infer<typeof BuildRequest>;

export const CurriculumRequest = z
  .strictObject({
    organism: z.string(),
    folder: z.string().describe('written whole or not at all'),
    recipe: CurriculumRecipe,
    material: z.array(Material).describe('both halves of every behaviour of its vocabulary'),
  })
  .meta({
    id: 'CurriculumRequest',
    description: 'Train an organism on several behaviours; progress carries the loss. Answered by a CurriculumCard.',
  });
export type CurriculumRequest = z.infer<typeof CurriculumRequest>;

export const PlantedRequest = z
  .strictObject({
    organism: z.string(),
    folder: z.string().describe('written whole or not at all'),
    recipe: HandRecipe,
    material: z.array(Material).describe('both halves of every behaviour of its vocabulary'),
  })
  .meta({ id: 'PlantedRequest', description: 'Write an organism by hand. Answered by a PlantedCard.' });
export type PlantedRequest = z.infer<typeof PlantedRequest>;

export const PermuteRequest = z
  .strictObject({
    folder: z.string().describe('of the original'),
    out: z.string().describe('written whole or not at all'),
    seed: Seed,
  })
  .meta({
    id: 'PermuteRequest',
    description: 'Write a twin of a model whose heads stand elsewhere in their layers. Answered by a PermuteResult.',
  });

export const PermuteResult = z
  .strictObject({
    weights_sha256: Sha256,
    original_sha256: Sha256,
    seed: Seed,
    heads: z
      .array(z.array(z.number().int().min(0)))
      .describe('layer, head of the twin -> the head of the original that stands there'),
    largest_change: z.number().min(0).describe('of a logit, by the order of sums alone'),
  })
  .meta({ id: 'PermuteResult' });
export type PermuteResult = z.infer<typeof PermuteResult>;

export const Progress = z
  .strictObject({
    id: z.number().int(),
    done: z.number(),
    total: z.number(),
    unit: z.string(),
    note: z.string(),
  })
  .meta({ id: 'Progress' });
export type Progress = z.infer<typeof Progress>;

export const Reply = z.union([
  z.strictObject({ jsonrpc: z.literal('2.0'), id: z.number().int(), result: z.record(z.string(), Json) }),
  z.strictObject({
    jsonrpc: z.literal('2.0'),
    id: z.number().int().nullable(),
    error: z.strictObject({
      code: z.number().int(),
      message: z.string(),
      data: Failure.extend({ kind: z.enum(['refusal', 'fault', 'cancelled']) }),
    }),
  }),
]);
export type Reply = z.infer<typeof Reply>;

export const Notification = z.strictObject({
  jsonrpc: z.literal('2.0'),
  method: z.literal('progress'),
  params: Progress,
});
