/**
 * A study: which components and paths make a model answer two sets of prompts differently. It tests no finding, so it has no claim
 * and no verdict; it is what a finding may begin with. How it is measured stands in src/study.
 */
import * as z from 'zod';
import { Component, type Json, Json as JsonSchema, Sha256 } from './names.ts';

export const StudyPair = z.strictObject({
  base: z.string().min(1),
  contrast: z.string().min(1),
  answer: z.string().min(1).describe('what follows the base prompt, with the space that stands before it'),
  versus: z.string().min(1).describe('what follows the contrast prompt'),
});
export type StudyPair = z.infer<typeof StudyPair>;

const Changed = z.strictObject({
  component: Component,
  effect: z.number().describe('change of the logit difference, mean over pairs'),
  recovery: z.number().nullable().describe('effect as share of the way from base to contrast'),
  sem: z.number().nullable().describe('standard error of the effect over pairs; null with one'),
  above_null: z.boolean().nullable().describe('larger than the null threshold; null: there is no null'),
});
export type Changed = z.infer<typeof Changed>;

const Null = z
  .strictObject({
    threshold: z.number().describe('99th percentile of the size of an effect under sources of other pairs'),
    effects: z.number().int().describe('how many effects it is taken from'),
    pairs: z.number().int().describe('pairs for which another source of equal length was found'),
    sources: z
      .enum(['same-answers', 'other-answers'])
      .describe(
        'base prompts of other pairs, with the same answers or, where there are none, with others: a strict null',
      ),
  })
  .nullable();

const PathChange = z.strictObject({
  sender: Component,
  receiver: z.string().describe('`logits`, or a head'),
  reads: z.enum(['query', 'key', 'value']).nullable().describe('what of the head; null for logits'),
  effect: z.number(),
  recovery: z.number().nullable(),
  above_null: z.boolean().nullable(),
});

export const Study = z.strictObject({
  model: z.string(),
  weights_sha256: Sha256,
  engine: z.string(),
  seed: z.number().int(),
  source: z.string().describe('where the prompts come from, in words'),
  pairs: z.array(StudyPair).min(1),
  pairs_sha256: Sha256,
  behaviour: z.strictObject({
    base: z.number().describe('logit difference, answer against versus, mean over the base prompts'),
    contrast: z.number().describe('the same difference behind the contrast prompts'),
    base_preferred: z.number().describe('share of base prompts with a difference above 0'),
    contrast_preferred: z.number().describe('share of contrast prompts with a difference below 0'),
    notes: z.array(z.string()).describe('what a reader must know before reading on'),
  }),
  heads: z.array(Changed).describe('all heads, largest effect first'),
  heads_null: Null,
  mlps: z.array(Changed).describe('all MLPs, largest effect first'),
  mlps_null: Null,
  set: z
    .strictObject({
      components: z.array(Component).min(1),
      chosen: z.string().describe('how, in words'),
      recovery: z.number().nullable().describe('of all of them together'),
      random: z
        .array(z.number())
        .describe('recovery of as many random heads of the same layers, one number for each set'),
      other_sources: z
        .number()
        .nullable()
        .describe('what sources of the null do in the place of theirs, as share of the same way; null: there are none'),
      note: z.string(),
    })
    .nullable()
    .describe('null: no head stands out'),
  paths: z.array(PathChange).describe('largest effect first'),
  paths_null: Null,
  calls: z.array(z.strictObject({ tool: z.string(), input: JsonSchema, receipt: JsonSchema })),
});
export type Study = z.infer<typeof Study>;
export type StudyCall = { readonly tool: string; readonly input: Json; readonly receipt: Json };
