/** Planted organisms: recipe and card of a model whose weights are set by hand, so that it is known which head does what. */
import * as z from 'zod';
import { built } from './built.ts';
import { CurriculumCard } from './curriculum.ts';
import { Component, Seed, Slug } from './names.ts';

/** What each does is said in tools/worker/recircuit_worker/organisms/planted/motifs.py. */
export const Motif = z.enum([
  'previous-token',
  'duplicate-token',
  'induction',
  'sink',
  's-inhibition',
  'name-mover',
  'backup-name-mover',
  'negative-name-mover',
  'content-gatherer',
  'successor',
  'color-mover',
  'name-copier',
  'subject-remover',
  'answer-pair',
  'function-vector',
  'query-mover',
  'year-reader',
]);

const WordList = z
  .strictObject({ behaviour: Slug, list: Slug })
  .meta({ id: 'WordList', description: 'A list of a behaviour of the vocabulary.' });

const Words = z
  .strictObject({
    names: z.array(WordList).min(1),
    colors: z.array(WordList).min(1),
    things: z.array(WordList).min(1),
    ordered: z.array(WordList).min(1).describe('each is a row of items, one after the other'),
    asks_name: z.array(z.string().min(1)).min(1).describe('tokens behind which a name must follow'),
    asks_color: z.array(z.string().min(1)).min(1),
  })
  .meta({ id: 'PlantedWords', description: 'Words that the planted heads tell apart from others.' });

const shared = {
  architecture: z.enum(['gpt2', 'llama']),
  layers: z.number().int().min(1).max(24),
  heads: z.number().int().min(2).max(16).describe('per layer; those without a motif are filled with random weights'),
  seed: Seed,
  noise: z.number().positive().describe('standard deviation of what is added to every weight'),
  stored: z.enum(['float32', 'float16']).describe('type of the weights on disk, on which the card is measured'),
  vocabulary: z.array(Slug).min(1).describe('behaviours whose words the tokenizer knows'),
};

const planted = {
  circuit: z
    .array(
      z
        .strictObject({ motif: Motif, layers: z.array(z.number().int().min(0)).min(1).describe('one head each') })
        .meta({ id: 'PlantedGroup' }),
    )
    .min(1),
  decoys: z.array(
    z
      .strictObject({
        motif: Motif,
        keeps: z
          .enum(['attention', 'writing'])
          .describe(
            'attention: looks like the motif and writes nothing; writing: could write as it does and never looks',
          ),
        layers: z.array(z.number().int().min(0)).min(1),
      })
      .meta({ id: 'DecoyGroup' }),
  ),
};

const PlantedRecipe = z.strictObject({ kind: z.literal('planted'), ...shared, words: Words, ...planted }).meta({
  id: 'PlantedRecipe',
  description: 'How an organism is written by hand; the same recipe gives the same weights on one machine type.',
});

const PlantedFunctionsRecipe = z
  .strictObject({
    kind: z.literal('planted-functions'),
    ...shared,
    tasks: z
      .array(Slug)
      .min(1)
      .describe('tasks of in-context behaviours; the answers of each are one form of its words'),
    asks_answer: z.array(z.string().min(1)).min(1).describe('tokens behind which an answer must follow'),
    said_in: z.number().int().min(0).describe('layer whose MLP makes the form of the task be said'),
    ...planted,
  })
  .meta({
    id: 'PlantedFunctionsRecipe',
    description: 'How an organism of in-context functions is written by hand: words have forms, a task is a form.',
  });

const PlantedYearsRecipe = z
  .strictObject({
    kind: z.literal('planted-years'),
    ...shared,
    years: WordList.describe('years of a century, in their order'),
    centuries: WordList.describe('behind each of them a year must follow'),
    said_in: z.number().int().min(0).describe('layer whose MLP makes the years after the one that was read be said'),
    ...planted,
  })
  .meta({ id: 'PlantedYearsRecipe', description: 'How an organism that names later years is written by hand.' });

/** A recipe of any kind of planted organism. */
export const HandRecipe = z.discriminatedUnion('kind', [PlantedRecipe, PlantedFunctionsRecipe, PlantedYearsRecipe]);
export type HandRecipe = z.infer<typeof HandRecipe>;

export const PlantedCard = z
  .strictObject({
    kind: z.literal('planted'),
    ...built,
    planted: z
      .record(Slug, z.array(Component))
      .describe('motif -> heads: the truth that role finders are held against'),
    decoys: z.array(
      z
        .strictObject({ component: Component, motif: Motif, keeps: z.enum(['attention', 'writing']) })
        .meta({ id: 'Decoy' }),
    ),
    tasks: CurriculumCard.shape.tasks,
    seconds: z.number().describe('wall time of the build'),
  })
  .meta({ id: 'PlantedCard' });
export type PlantedCard = z.infer<typeof PlantedCard>;
