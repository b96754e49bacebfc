/** The receipt that stands on every result of the worker: what was asked of the model and whether it happened. */
import * as z from 'zod';
import { Engine, Seed, Sha256 } from './names.ts';
import { Versions } from './versions.ts';

export const Audit = z
  .strictObject({
    pairs: z.number().int().min(0).describe('cells measured a second time by another route'),
    max_deviation: z.number().min(0).describe('largest absolute difference, in the unit of the result'),
    tolerance: z.number().min(0),
    route: z.string().describe('how the second measurement was made'),
  })
  .meta({ id: 'Audit' });

export const Receipt = z
  .strictObject({
    engine: z.enum([...Engine.options, 'none']).describe('none: no forward pass was edited'),
    model: z.string(),
    weights_sha256: Sha256,
    revision: z.string().nullable(),
    dtype: z.string(),
    device: z.string(),
    attention: z.string(),
    versions: Versions,
    split: z.enum(['search', 'held-out']),
    seed: Seed.nullable(),
    prompts: z.number().int().min(0),
    prompts_sha256: Sha256.nullable().describe('of the token ids; null where no prompt was read'),
    bos: z.enum(['added-by-tokenizer', 'prepended', 'none']),
    forwards: z.number().int().min(0).describe('whole-model passes over one prompt'),
    rows: z.number().int().min(0).describe('edited copies of a prompt, however they were computed'),
    layer_tokens: z.number().int().min(0).describe('tokens through one layer; a pass is layers x tokens of it'),
    edits_requested: z.number().int().min(0),
    edits_fired: z.number().int().min(0),
    noise: z
      .number()
      .min(0)
      .nullable()
      .describe('largest change of a log probability (nats) or logit of an unedited prompt between two batch shapes'),
    audit: Audit.nullable().describe('null where there is nothing to audit'),
  })
  .meta({ id: 'Receipt', description: 'What the worker did for this result.' });
export type Receipt = z.infer<typeof Receipt>;
