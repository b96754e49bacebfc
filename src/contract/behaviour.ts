/**
 * A behaviour: what a model must be able to do. A prompt generator with its word lists, told apart by `kind`.
 * Findings pair a behaviour with a circuit; thresholds and gates belong to them, not here.
 */
import * as z from 'zod';
import { ContrastFile, ContrastTask } from './contrast.ts';
import { Slug } from './names.ts';

export const Template = z
  .strictObject({
    input_prefix: z.string().min(1).describe('published: `Q:`'),
    output_prefix: z.string().min(1).describe('published: `A:`'),
    separator: z.string().min(1).describe('between input and output prefix; published: one newline'),
    end: z.string().min(1).describe('after an output; published: two newlines'),
  })
  .meta({ id: 'Template', description: 'Layout of a prompt; every input and output gets one leading space.' });

/** A task as a researcher writes it: two columns of a word list. */
export const TaskFile = z.strictObject({
  task: Slug,
  domain: Slug.describe('tasks of one domain share their inputs'),
  words: z.string().describe('CSV file beside the behaviour, first row is the header'),
  input: z.string().describe('column'),
  output: z.string().describe('column'),
});

export const BehaviourFile = z
  .discriminatedUnion('kind', [
    z.strictObject({
      behaviour: Slug,
      kind: z.literal('in-context'),
      about: z.string(),
      source: z.string(),
      template: Template,
      split_seed: z.number().int(),
      tasks: z.array(TaskFile).min(1),
    }),
    z.strictObject({
      behaviour: Slug,
      kind: z.literal('repeated-tokens'),
      about: z.string(),
      source: z.string(),
      split_seed: z.number().int(),
    }),
    ContrastFile,
  ])
  .meta({ id: 'BehaviourFile' });
export type BehaviourFile = z.infer<typeof BehaviourFile>;

export const Pair = z
  .strictObject({ input: z.string().min(1), output: z.string().min(1) })
  .meta({ id: 'Pair', description: 'One word pair, without leading spaces.' });

export const Task = z
  .strictObject({ task: Slug, domain: Slug, pairs: z.array(Pair).min(1) })
  .meta({ id: 'Task', description: 'One task with the word pairs of one half.' });
export type Task = z.infer<typeof Task>;

/** Half of a behaviour's material. The search half is the agent's; the held-out half is only ever given to verification. */
export const Split = z.enum(['search', 'held-out']);
export type Split = z.infer<typeof Split>;

/** What a worker is given: one half and nothing of the other, so that a worker that serves an agent cannot leak. */
export const Material = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('in-context'),
        behaviour: Slug,
        split: Split,
        template: Template,
        tasks: z.array(Task).min(1),
      })
      .meta({ id: 'InContextMaterial', description: 'In-context function tasks with the word pairs of one half.' }),
    z
      .strictObject({
        kind: z.literal('repeated-tokens'),
        behaviour: Slug,
        split: Split,
        namespace: z.string().describe('goes into the seed, so that the halves draw different tokens'),
      })
      .meta({ id: 'RepeatedTokensMaterial', description: 'Random tokens repeated; the half is a seed namespace.' }),
    z
      .strictObject({
        kind: z.literal('contrast-pairs'),
        behaviour: Slug,
        split: Split,
        split_seed: z.number().int(),
        lists: z.record(Slug, z.array(z.string())),
        tasks: z.array(ContrastTask).min(1),
      })
      .meta({ id: 'ContrastMaterial', description: 'Patterns of contrast pairs; only items of one half are drawn.' }),
  ])
  .meta({ id: 'Material' });
export type Material = z.infer<typeof Material>;
