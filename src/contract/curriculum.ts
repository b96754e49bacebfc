/** Curricula: the recipe and the card of an organism that is trained on several behaviours, in one vocabulary. */
import * as z from 'zod';
import { built } from './built.ts';
import { Seed, Slug } from './names.ts';

const Share = z.number().min(0).max(1);

export const ContrastLesson = z
  .strictObject({
    kind: z.literal('contrast-pairs'),
    behaviour: Slug,
    tasks: z.array(Slug).min(1).describe('drawn equally often'),
    shots: z.number().int().min(0).max(64).describe('demonstrations in a row, where the pattern has any'),
    silent: z.number().int().min(0).describe('first demonstrations whose answers do not count: nothing tells them yet'),
    noise: Share.describe('share of demonstrations that show the answer of another prompt; those never count'),
    answers: z
      .enum(['one', 'all'])
      .describe('of several right answers: one is drawn as the target, or all are it in equal parts'),
    before: z
      .number()
      .int()
      .min(0)
      .max(128)
      .describe('up to so many random tokens stand before a row, so that an average over the whole text tells little'),
    counterfactual: Slug.nullable().describe('a variant shown as well, in which the rivals are right'),
    counterfactual_share: Share.describe('share of rows that show it'),
  })
  .meta({ id: 'ContrastLesson', description: 'Prompts of contrast pairs with their answers behind them.' });

export const InContextLesson = z
  .strictObject({
    kind: z.literal('in-context'),
    behaviour: Slug,
    tasks: z.array(Slug).min(1).describe('drawn equally often'),
    shots: z.number().int().min(1).describe('demonstrations in a row; every answer counts'),
  })
  .meta({ id: 'InContextLesson', description: 'In-context function prompts with their answers behind them.' });

export const RepeatedLesson = z
  .strictObject({
    kind: z.literal('repeated-tokens'),
    behaviour: Slug,
    lengths: z.array(z.number().int().min(2)).min(1).describe('tokens of a block, drawn equally often'),
    tokens: z
      .number()
      .int()
      .min(2)
      .nullable()
      .describe(
        'so many of the vocabulary, always the same, are drawn from: looking back is learned sooner on few; null: all',
      ),
    total: z.number().int().min(4).describe('about how many tokens a row of shorter blocks has; two blocks at least'),
  })
  .meta({ id: 'RepeatedLesson', description: 'Random tokens repeated; every predictable token counts.' });

export const Lesson = z
  .discriminatedUnion('kind', [ContrastLesson, InContextLesson, RepeatedLesson])
  .meta({ id: 'Lesson' });
export type Lesson = z.infer<typeof Lesson>;

const Part = z
  .strictObject({
    lesson: Slug,
    rows: z.number().int().min(1).describe('per step'),
    share: z.number().positive().describe('of the loss, relative to the other lessons'),
  })
  .meta({ id: 'LessonPart' });

export const CurriculumStage = z
  .strictObject({
    steps: z.number().int().min(1),
    learning_rate: z.number().positive().describe('peak'),
    parts: z.array(Part).min(1),
  })
  .meta({
    id: 'CurriculumStage',
    description: 'Part of a training, from the weights of the stage before with a fresh optimiser.',
  });

export const CurriculumRecipe = z
  .strictObject({
    kind: z.literal('curriculum'),
    architecture: z.enum(['llama', 'qwen3', 'gpt_neox', 'gemma2']),
    config: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())]))
      .describe('fields of the Hugging Face config'),
    seed: Seed,
    threads: z
      .number()
      .int()
      .min(1)
      .describe('rows of a step are split over so many, and sums ordered by it, so it is part of the recipe'),
    warmup_steps: z.number().int().min(1),
    final_share: Share.describe('learning rate at the last step of a stage, as a share of its peak'),
    weight_decay: z.number().min(0),
    other_weight: z.number().min(0).describe('loss weight of tokens of prompts that are not answers, 1 for an answer'),
    stored: z.enum(['float32', 'float16']).describe('type of the weights on disk, on which the card is measured'),
    evaluate_every: z.number().int().min(1),
    vocabulary: z.array(Slug).min(1).describe('behaviours whose words the tokenizer knows'),
    lessons: z.record(Slug, Lesson),
    stages: z.array(CurriculumStage).describe('none: untrained'),
  })
  .meta({
    id: 'CurriculumRecipe',
    description:
      'How an organism is trained on several behaviours; the same recipe gives the same weights on one machine type.',
  });
export type CurriculumRecipe = z.infer<typeof CurriculumRecipe>;

/** Accuracies by task are shares of prompts of the held-out half whose most likely next token is an answer. */
export const CurriculumPoint = z
  .strictObject({
    step: z.number().int().min(0),
    loss: z.number(),
    accuracies: z.record(Slug, z.number()).describe('by lesson, mean over its tasks'),
  })
  .meta({ id: 'CurriculumPoint' });

export const CurriculumCard = z
  .strictObject({
    kind: z.literal('curriculum'),
    ...built,
    curve: z.array(CurriculumPoint),
    tasks: z.array(
      z
        .strictObject({
          behaviour: Slug,
          task: Slug,
          variant: Slug,
          accuracy: Share,
        })
        .meta({ id: 'CurriculumTask', description: 'A task of any behaviour of the vocabulary, trained or not.' }),
    ),
    seconds: z.number().describe('wall time of the build'),
  })
  .meta({ id: 'CurriculumCard' });
export type CurriculumCard = z.infer<typeof CurriculumCard>;
