/** Models: the card a researcher writes, the facts a worker finds, and the recipe by which an organism is trained. */
import * as z from 'zod';
import { built } from './built.ts';
import { CurriculumCard, CurriculumRecipe } from './curriculum.ts';
import { Seed, Sha256, Slug } from './names.ts';
import { HandRecipe, PlantedCard } from './planted.ts';

export const Dtype = z.enum(['float32', 'float64', 'bfloat16']);

/** Facts that the loaded model must show, or loading is refused. */
export const ExpectedFacts = z
  .strictObject({
    layers: z.number().int().min(1),
    heads: z.number().int().min(1),
    kv_heads: z.number().int().min(1),
    d_model: z.number().int().min(1),
    head_dim: z.number().int().min(1),
  })
  .meta({ id: 'ExpectedFacts' });

/** Part of a training: a schedule of its own, starting from the weights of the stage before with a fresh optimiser. */
export const TrainingStage = z
  .strictObject({
    steps: z.number().int().min(1),
    learning_rate: z.number().positive().describe('peak'),
    in_context_rows: z.number().int().min(0).describe('per step'),
    shared_weight: z.number().positive().describe('how often a task with shared outputs is drawn, 1 for the others'),
    repeated_rows: z.number().int().min(0).describe('rows of repeated random tokens per step'),
    repeated_weight: z.number().min(0).describe('loss weight of a predictable token, 1 for a token of an answer'),
    own_attention_steps: z
      .number()
      .int()
      .min(0)
      .describe("last steps, with the architecture's own attention; those before use a fused kernel without soft cap"),
  })
  .meta({ id: 'TrainingStage' });

export const OrganismRecipe = z
  .strictObject({
    architecture: z.enum(['llama', 'gemma2', 'gpt2', 'qwen2', 'qwen3', 'gpt_neox']),
    config: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('fields of the Hugging Face config'),
    seed: Seed,
    threads: z.number().int().min(1).describe('sums are ordered by it, so it is part of the recipe'),
    warmup_steps: z.number().int().min(1),
    final_share: z.number().min(0).max(1).describe('learning rate at the last step of a stage, as a share of its peak'),
    weight_decay: z.number().min(0),
    shots: z.number().int().min(1).describe('demonstrations in a row'),
    tasks: z.array(Slug).nullable().describe('null: all tasks of the behaviour'),
    other_weight: z.number().min(0).describe('loss weight of tokens that are not answers'),
    repeated_lengths: z.array(z.number().int().min(2)).min(1).describe('tokens of a repeated block'),
    repeated_total: z.number().int().min(4).describe('about how many tokens a repeated row has'),
    evaluate_every: z.number().int().min(1),
    stages: z.array(TrainingStage).describe('none: untrained'),
    stored: z.enum(['float32', 'float16']).describe('type of the weights on disk, on which the card is measured'),
  })
  .meta({
    id: 'OrganismRecipe',
    description: 'How an organism is trained; the same recipe gives the same weights on the same machine type.',
  });
export type OrganismRecipe = z.infer<typeof OrganismRecipe>;

export const ModelCard = z
  .strictObject({
    model: Slug,
    about: z.string(),
    where: z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('organism'),
        folder: z.string(),
        recipe: z.union([OrganismRecipe, CurriculumRecipe, HandRecipe]),
      }),
      z.strictObject({
        kind: z.literal('hub'),
        repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
        revision: z
          .string()
          .regex(/^[0-9a-f]{40}$/)
          .nullable()
          .describe('40 hex digits; null: not pinned yet, so a revision must be given when it is run'),
      }),
      z.strictObject({ kind: z.literal('folder'), folder: z.string() }),
    ]),
    dtype: Dtype,
    expect: ExpectedFacts,
    quirks: z.array(z.strictObject({ fact: z.string(), because: z.string() })).default([]),
  })
  .meta({ id: 'ModelCard' });
export type ModelCard = z.infer<typeof ModelCard>;

/** One point of a training curve; accuracies are shares of prompts, on prompts of the held-out half. */
export const CurvePoint = z
  .strictObject({
    step: z.number().int().min(0),
    loss: z.number(),
    ten_shot: z.number().nullable(),
    shuffled: z.number().nullable(),
    zero_shot: z.number().nullable(),
    repeated: z.number().nullable(),
  })
  .meta({ id: 'CurvePoint' });

/** What a build leaves beside the weights. */
export const OrganismCard = z
  .strictObject({
    ...built,
    curve: z.array(CurvePoint),
    tasks: z.array(
      z
        .strictObject({ task: Slug, ten_shot: z.number(), shuffled: z.number(), zero_shot: z.number() })
        .meta({ id: 'OrganismTask' }),
    ),
    seconds: z.number().describe('wall time of the build'),
  })
  .meta({ id: 'OrganismCard' });
export type OrganismCard = z.infer<typeof OrganismCard>;

/** The card of any kind of recipe. */
export const BuiltCard = z.union([OrganismCard, CurriculumCard, PlantedCard]);
export type BuiltCard = z.infer<typeof BuiltCard>;

export const SelfTest = z
  .strictObject({
    heads_tested: z.number().int(),
    zeroed_heads_that_changed_logits: z.number().int(),
    identity_max_change: z.number().describe('largest logit change when a head is given its own value'),
    tolerance: z.number(),
  })
  .meta({ id: 'SelfTest', description: 'Causal proof, at load, that the heads found are heads.' });

export const ModelFacts = z
  .strictObject({
    model: z.string(),
    architecture: z.string().describe('class name in transformers'),
    layers: z.number().int(),
    heads: z.number().int().describe('query heads per layer'),
    kv_heads: z.number().int(),
    head_dim: z.number().int(),
    d_model: z.number().int(),
    vocabulary: z.number().int(),
    parameters: z.number().int(),
    post_attention_norm: z.boolean().describe('true: a norm stands between head outputs and the residual stream'),
    attention_soft_cap: z.number().nullable(),
    logit_soft_cap: z.number().nullable(),
    sliding_window: z.number().int().nullable(),
    attention: z.string(),
    dtype: z.string(),
    device: z.string(),
    weights_sha256: Sha256,
    revision: z.string().nullable(),
    self_test: SelfTest,
  })
  .meta({ id: 'ModelFacts', description: 'What the worker found and proved of the loaded model.' });
export type ModelFacts = z.infer<typeof ModelFacts>;
