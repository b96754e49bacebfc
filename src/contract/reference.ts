/** The values that calibration measured and the known-model criteria compare with. Never shown to an agent. */
import * as z from 'zod';
import { Component, Json, Slug } from './names.ts';

/** A ranking measured on the reference model by `recircuit calibrate`, beside the protocol as `reference.json`. */
export const Reference = z.strictObject({
  finding: Slug,
  protocol_sha256: z.string(),
  model: Slug,
  weights_sha256: z.string(),
  produced_by: z.literal('recircuit calibrate'),
  seeds: z.array(z.number().int()),
  ranking: z.array(z.strictObject({ component: z.string(), effect: z.number() })),
  roles: z
    .record(Slug, z.array(Component))
    .optional()
    .describe('role -> heads that most of the runs claimed for it, those of most runs first'),
  values: z.record(z.string(), Json).describe('criterion id -> measured values, one per seed'),
  content_sha256: z.string().describe('of this object without this field; a hand edit is refused'),
});
export type Reference = z.infer<typeof Reference>;
