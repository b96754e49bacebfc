/** Models: the card a researcher writes, the facts a worker finds, and the recipe by which an organism is trained. */
import * as z from 'zod';
import { Seed, Sha256, Slug } from './names.ts';
import { Versions } from './versions.ts';

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

export const OrganismRecipe = z
  .strictObject({
    architecture: z.enum(['llama', 'gemma2', 'gpt2', 'qwen2', 'qwen3', 'gpt_neox']),
    config: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .describe('fields of the Hugging Face config'),
    seed: Seed,
    steps: z.number().int().min(0).describe('0: untrained'),
    learning_rate: z.number().positive(),
    warmup_steps: z.number().int().min(1),
    final_share: z.number().min(0).max(1).describe('learning rate at the last step, as a share of the peak'),
    weight_decay: z.number().min(0),
    threads: z.number().int().min(1).describe('sums are ordered by it, so it is part of the recipe'),
    in_context: z
      .strictObject({
        rows: z.number().int().min(0).describe('per step'),
        shots: z.number().int().min(1),
        tasks: z.array(Slug).nullable().describe('null: all tasks of the behaviour'),
        shared_weight: z.number().positive().describe('how often a task with shared outputs is drawn, 1 for the others'),
        other_weight: z.number().min(0).describe('loss weight of tokens that are not answers'),
      })
      .meta({ id: 'InContextCurriculum' }),
    repeated: z
      .strictObject({
        rows: z.number().int().min(0),
        lengths: z.array(z.number().int().min(2)).min(1),
        total: z.number().int().min(4).describe('about how many tokens a row has'),
        weight: z.number().min(0).describe('loss weight of a predictable token'),
      })
      .meta({ id: 'RepeatedCurriculum' }),
    own_attention_steps: z
      .number()
      .int()
      .min(0)
      .describe('last steps, trained with the architecture\'s own attention; the ones before use a fused kernel without soft cap'),
    evaluate_every: z.number().int().min(1),
  })
  .meta({ id: 'OrganismRecipe', description: 'How an organism is trained; the same recipe gives the same weights on the same machine type.' });
export type OrganismRecipe = z.infer<typeof OrganismRecipe>;

export const ModelCard = z
  .strictObject({
    model: Slug,
    about: z.string(),
    where: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('organism'), folder: z.string(), recipe: OrganismRecipe }),
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
    organism: Slug,
    weights_sha256: Sha256,
    recipe_sha256: Sha256,
    data_sha256: Sha256,
    parameters: z.number().int(),
    versions: Versions,
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
