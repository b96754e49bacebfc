/**
 * The grid: what runs measured, pooled over seeds, and what others published, each with where it comes from. How cells are
 * computed stands in src/grid; a run's own nouns stand in run.ts.
 */
import * as z from 'zod';
import { SealedClaim } from './claim.ts';
import { JournalEntry } from './journal.ts';
import { Component, Json, Seed, Sha256, Slug } from './names.ts';
import { Cell } from './run.ts';
import { Verdict } from './verdict.ts';

const Figures = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ranking'),
    role: Slug,
    unit: z.string(),
    heads: z.array(z.strictObject({ component: Component, effect: z.number().nullable() })).min(1),
  }),
  z.strictObject({
    kind: z.literal('sender-matrix'),
    receiver: z.string().describe('`logits`, or the value input of a head, e.g. `a39.h7`'),
    role: Slug.nullable().describe('of the receiver'),
    values: z.array(z.array(z.number())).min(1).describe('layer x head, relative change of the metric'),
  }),
  z.strictObject({
    kind: z.literal('accuracy'),
    rows: z
      .array(
        z.strictObject({
          setting: z.string(),
          nmax: z.number().int(),
          offset: z.number().int(),
          shots: z.number().int(),
          base: z.number(),
          contrast: z.number(),
        }),
      )
      .min(1),
  }),
]);

/** What others published of one model. It is no verdict of ours. */
export const PublishedCell = z.strictObject({
  behaviour: Slug,
  finding: Slug.nullable().describe('null: of the behaviour alone'),
  model: z.string().describe('hub repository'),
  card: Slug.nullable().describe('our card of that model'),
  source: z.strictObject({
    paper: z.string(),
    arxiv: z.string().nullable(),
    repository: z.string().nullable(),
    commit: z.string().nullable(),
    file: z.string(),
    sha256: Sha256.describe('of the content that was read'),
    verified: z.boolean().describe('whether that is the hash by which we know the file'),
  }),
  figures: Figures,
});
export type PublishedCell = z.infer<typeof PublishedCell>;

/** What a sealed run brings into its cell, without its steps: fit for a bundle, and all that pooling reads. */
export const RunEvidence = z.strictObject({
  run: z.string(),
  behaviour: Slug,
  finding: Slug,
  model: Slug,
  organism: z.boolean(),
  planner: z.string(),
  seed: Seed,
  protocol_sha256: Sha256,
  weights_sha256: Sha256.nullable(),
  revision: z.string().nullable(),
  versions: z.record(z.string(), Json),
  all_heads: z.number().int().nullable().describe('heads of the model'),
  claim: SealedClaim.nullable(),
  verdict: Verdict,
  null_thresholds: z
    .record(z.string(), z.number())
    .describe('criterion -> by how much it must lie above every control'),
  artifacts: z.array(Sha256).describe('tensors that its results name'),
  ended_at: z.string(),
  withdrawn: z.string().nullable().describe('why it counts no more'),
  rests_on: z.array(z.string()).describe('runs of whose verdicts its agent was told'),
  journal: z.array(JournalEntry).describe('its sealing and withdrawal, signed'),
});
export type RunEvidence = z.infer<typeof RunEvidence>;

const Interval = { low: z.number(), high: z.number() };

/** Several seeds as one answer. Runs that no longer hold are left out, unless there are no others. */
export const PooledCell = Cell.extend({
  share: z
    .strictObject({ reproduced: z.number().int(), of: z.number().int(), ...Interval })
    .describe('of conclusive runs that reproduced it, with the 95 % interval of Wilson'),
  agreement: z
    .strictObject({
      pairs: z.number().int(),
      share: z.number().describe('mean over pairs of runs: shared components, of the smaller claim'),
      by_chance: z.number(),
      p: z.number().describe('largest chance, over the pairs, that random sets share as much'),
    })
    .nullable()
    .describe('between the claims of its runs; null with fewer than two claims'),
  nulls: z
    .array(z.strictObject({ criterion: z.string(), passing: z.number().int(), of: z.number().int(), ...Interval }))
    .describe('control sets that would have passed in place of the claim, against the other controls'),
  published: z
    .array(
      z.strictObject({
        run: z.string(),
        source: z.string(),
        role: z.string(),
        shared: z.number().int(),
        of: z.number().int(),
        by_chance: z.number(),
        p: z.number(),
      }),
    )
    .describe('claims against a published list of this very model, cut to the length of the claim'),
  protocol: Sha256.describe('of the latest run'),
  counted: z.array(z.string()).describe('runs that it pools'),
  left_out: z.array(z.strictObject({ run: z.string(), because: z.string() })).describe('runs that no longer hold'),
  stale: z.array(z.string()).describe('why what it pools no longer holds; empty: it does'),
  signed_by: z.string().nullable().describe('fingerprint of whose record it comes from; null: measured here'),
});
export type PooledCell = z.infer<typeof PooledCell>;
