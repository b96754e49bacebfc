/**
 * Contrast pairs: templates whose slots are filled by draws and by a small arithmetic, once as they are and once for each
 * counterfactual with some slots given otherwise. How they are drawn and read as tokens is the worker's business.
 */
import * as z from 'zod';
import { Slug } from './names.ts';

export const SlotName = z
  .string()
  .regex(/^[A-Za-z]\w{0,39}$/, 'a letter, then letters, digits and underscores')
  .describe('name of a slot, and of its position in the prompt');

const ListName = Slug.describe('a list of the behaviour');
const NumberOrSlot = z.union([z.number().int(), SlotName]);

/** Slots that are drawn by the seed. A counterfactual keeps what was drawn. */
const drawn = [
  z
    .strictObject({ kind: z.literal('choice'), slots: z.array(SlotName).min(1), list: ListName })
    .meta({ id: 'ChoiceSlots', description: 'Items of a list; all choices from one list for one line differ.' }),
  z
    .strictObject({
      kind: z.literal('range'),
      slots: z.array(SlotName).min(1),
      low: z.number().int(),
      high: z.number().int().describe('may itself be drawn'),
    })
    .meta({ id: 'RangeSlots', description: 'Whole numbers, drawn independently.' }),
  z
    .strictObject({ kind: z.literal('order'), slots: z.array(SlotName).min(2), of: z.array(SlotName).min(2) })
    .meta({ id: 'OrderSlots', description: 'The values of as many other slots, in random order.' }),
] as const;

/** Slots that follow from earlier ones; a counterfactual gives such in the place of any slot. */
const computed = [
  z
    .strictObject({
      kind: z.literal('constant'),
      slot: SlotName,
      value: z.union([z.number().int(), z.string().min(1)]),
    })
    .meta({ id: 'ConstantSlot' }),
  z
    .strictObject({ kind: z.literal('same'), slot: SlotName, of: SlotName })
    .meta({ id: 'SameSlot', description: 'The value of another slot, at a position of its own.' }),
  z
    .strictObject({ kind: z.literal('sum'), slot: SlotName, of: z.array(NumberOrSlot).min(1) })
    .meta({ id: 'SumSlot', description: 'Sum of numbers and of slots that hold numbers.' }),
  z.strictObject({ kind: z.literal('base'), slot: SlotName, of: SlotName, base: z.number().int().min(2).max(9) }).meta({
    id: 'BaseSlot',
    description: 'A number written in another base, read as if it were decimal: 28 in base 8 is 34.',
  }),
  z
    .strictObject({
      kind: z.literal('shift'),
      slot: SlotName,
      of: SlotName,
      list: ListName,
      by: NumberOrSlot,
      wrap: z.boolean().default(false).describe('behind the last item comes the first; else there is none'),
    })
    .meta({ id: 'ShiftSlot', description: 'The item so many places further in a list.' }),
  z
    .strictObject({ kind: z.literal('map'), slot: SlotName, of: SlotName, list: ListName, to: ListName })
    .meta({ id: 'MapSlot', description: 'The item of `to` at the place that `of` has in `list`.' }),
  z
    .strictObject({ kind: z.literal('nth'), slot: SlotName, of: z.array(SlotName).min(2), at: SlotName })
    .meta({ id: 'NthSlot', description: 'One of several slots; `at` holds its number, from 0.' }),
  z.strictObject({ kind: z.literal('place'), slot: SlotName, of: SlotName, among: z.array(SlotName).min(2) }).meta({
    id: 'PlaceSlot',
    description: 'The number, from 0, of the first of several slots that holds the value of `of`.',
  }),
  z
    .strictObject({
      kind: z.literal('items'),
      slot: SlotName,
      list: ListName,
      which: z.enum(['after', 'up-to']).describe('all items behind the value of `of`, or up to it, itself included'),
      of: SlotName,
    })
    .meta({ id: 'ItemsSlot', description: 'Several items of a list: for sets of answers, never inside a prompt.' }),
] as const;

export const ComputedSlot = z.discriminatedUnion('kind', computed).meta({ id: 'ComputedSlot' });
export type ComputedSlot = z.infer<typeof ComputedSlot>;
export const Slot = z.discriminatedUnion('kind', [...drawn, ...computed]).meta({ id: 'Slot' });
export type Slot = z.infer<typeof Slot>;

const Text = z.string().min(1).describe('text with slots in braces, such as {a}+{b}=');

export const Bound = z
  .strictObject({
    slot: SlotName,
    at_least: z.number().int().nullable().default(null),
    at_most: z.number().int().nullable().default(null),
  })
  .meta({
    id: 'Bound',
    description: 'A line is drawn again until its number keeps within this, counterfactuals included.',
  });

export const Counterfactual = z
  .strictObject({
    name: Slug,
    about: z.string().min(1),
    slots: z.array(ComputedSlot).min(1).describe('each in the place of the slot of that name; all else stays'),
  })
  .meta({ id: 'Counterfactual' });
export type Counterfactual = z.infer<typeof Counterfactual>;

const pattern = {
  slots: z.array(Slot).default([]).describe('filled once for each item'),
  each: z.array(Slot).default([]).describe('filled anew for each line: every demonstration, and the query'),
  demonstration: Text.nullable().default(null),
  shots: z.number().int().min(0).max(64).default(0).describe('demonstrations, where a call does not say'),
  queries: z.array(Text).min(1).describe('one is drawn for each item; it ends where the answer must follow'),
  answer: Text.describe('what follows, with its leading space if it has one'),
  rivals: z.array(Text).min(1).describe('what would follow by another mechanism; the metric is answer against rivals'),
  where: z.array(Bound).default([]),
  apart: z.array(SlotName).default([]).describe('no demonstration has the value that the query has in this slot'),
  split_by: z.array(SlotName).min(1).describe('items that have the same values here, in any order, lie in one half'),
  counterfactuals: z.array(Counterfactual).min(1),
};
export const ContrastPattern = z.strictObject(pattern);
export type ContrastPattern = z.infer<typeof ContrastPattern>;

export const ContrastTask = z
  .strictObject({ task: Slug, ...pattern })
  .meta({ id: 'ContrastTask', description: 'One pattern with the parameters of a task written into its slots.' });
export type ContrastTask = z.infer<typeof ContrastTask>;

/** A list as a researcher writes it: its items, a column of a CSV file beside the behaviour, or numbers. */
export const ListFile = z.union([
  z.array(z.string().min(1)).min(2),
  z.strictObject({ words: z.string(), column: z.string() }),
  z.strictObject({
    low: z.number().int().min(0),
    high: z.number().int(),
    digits: z.number().int().min(1).describe('zeros are put in front'),
  }),
]);

export const ContrastTaskFile = z.strictObject({
  task: Slug,
  pattern: Slug,
  with: z
    .record(SlotName, z.union([z.number().int(), z.string().min(1)]))
    .default({})
    .describe('parameters: slots that hold the same value in every item'),
});

export const ContrastFile = z.strictObject({
  behaviour: Slug,
  kind: z.literal('contrast-pairs'),
  about: z.string(),
  source: z.string(),
  split_seed: z.number().int(),
  lists: z.record(ListName, ListFile).default({}),
  patterns: z.record(Slug, ContrastPattern),
  tasks: z.array(ContrastTaskFile).min(1),
});
export type ContrastFile = z.infer<typeof ContrastFile>;
