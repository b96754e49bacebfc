/**
 * What a tool call says about its prompts: a recipe of a few numbers, never the prompts themselves.
 * The same recipe on the same material gives the same prompts, on every machine.
 */
import * as z from 'zod';
import { Seed, Slug } from './names.ts';

export const Variant = z.enum(['clean', 'shuffled', 'zero-shot']);

export const InContextPrompts = z
  .strictObject({
    kind: z.literal('in-context'),
    tasks: z.array(Slug).min(1).max(64).describe('tasks of the behaviour'),
    variant: Variant.default('clean').describe('shuffled permutes the labels; zero-shot has no demonstrations'),
    shots: z.number().int().min(0).max(32).default(10).describe('demonstrations before the query'),
    count: z.number().int().min(1).max(512).default(25).describe('prompts per task'),
    seed: Seed.default(0),
  })
  .meta({ id: 'InContextPrompts', description: 'In-context function prompts, `count` for each task.' });
export type InContextPrompts = z.infer<typeof InContextPrompts>;

export const RepeatedPrompts = z
  .strictObject({
    kind: z.literal('repeated-tokens'),
    length: z.number().int().min(4).max(512).default(50).describe('random tokens in a block'),
    repeats: z.number().int().min(2).max(8).default(2).describe('times the block is written'),
    count: z.number().int().min(1).max(512).default(10).describe('sequences'),
    seed: Seed.default(0),
  })
  .meta({ id: 'RepeatedPrompts', description: 'Sequences of BOS and a block of random tokens, repeated.' });
export type RepeatedPrompts = z.infer<typeof RepeatedPrompts>;

export const CLEAN = 'clean';

export const ContrastPrompts = z
  .strictObject({
    kind: z.literal('contrast-pairs'),
    tasks: z.array(Slug).min(1).max(64).describe('tasks of the behaviour'),
    variant: Slug.default(CLEAN).describe('clean, or the name of a counterfactual: the same items, told otherwise'),
    counterfactual: Slug.nullable()
      .default(null)
      .describe(
        'variant of the same items that these are held against or take outputs from; null: clean, and for clean its only counterfactual',
      ),
    shots: z
      .number()
      .int()
      .min(0)
      .max(64)
      .nullable()
      .default(null)
      .describe('demonstrations; null: as the behaviour says'),
    count: z.number().int().min(1).max(512).default(25).describe('items per task'),
    seed: Seed.default(0),
  })
  .meta({ id: 'ContrastPrompts', description: 'One prompt of each contrast pair, `count` for each task.' });
export type ContrastPrompts = z.infer<typeof ContrastPrompts>;

/** Prompts of which there are others, word by word beside them. */
export const PairedPrompts = z
  .discriminatedUnion('kind', [InContextPrompts, ContrastPrompts])
  .meta({ id: 'PairedPrompts' });

export const Prompts = z
  .discriminatedUnion('kind', [InContextPrompts, RepeatedPrompts, ContrastPrompts])
  .meta({ id: 'Prompts' });

/** A token counted from the end, or the name of a slot of contrast pairs. */
export const Position = z.union([
  z.number().int().max(-1),
  z
    .string()
    .regex(/^(demonstrations\.)?[A-Za-z]\w{0,39}$/, 'a number below 0, a slot, START, END, or demonstrations.<slot>'),
]);
export type Prompts = z.infer<typeof Prompts>;
