/** What the labels mean, and what reviewers make of a run with them. Reviewers may disagree: nothing here decides who is right. */
import * as z from 'zod';
import { Refusal } from '../contract/index.ts';
import type { Label, NewLabel } from '../store/index.ts';
import data from './labels.json' with { type: 'json' };

const Meaning = z.strictObject({ label: z.string().regex(/^[a-z-]+$/), says: z.string(), look_for: z.string() });
export type Meaning = z.infer<typeof Meaning>;

export const meanings: readonly Meaning[] = z
  .strictObject({ about: z.string(), labels: z.array(Meaning).min(1) })
  .parse(data).labels;

export const VALUES = ['present', 'absent', 'unsure'] as const satisfies readonly NewLabel['value'][];

/** Returns the label as it is stored. @throws Refusal unknown-label, unknown-value, unknown-step, no-citation */
export function checkedLabel(given: Omit<NewLabel, 'value'> & { readonly value: string }, steps: number): NewLabel {
  const refuse = (code: string, what: string, why: string, instead: string): Refusal =>
    new Refusal({ code, what, why, instead });
  const names = meanings.map(({ label }) => label);
  if (!names.includes(given.label))
    throw refuse(
      'unknown-label',
      `label "${given.label}"`,
      'the schema has none of that name',
      `use one of ${names.join(', ')}`,
    );
  const value = VALUES.find((known) => known === given.value);
  if (value === undefined)
    throw refuse('unknown-value', `"${given.value}"`, 'a label is judged in three words', `say ${VALUES.join(', ')}`);
  if (given.reviewer.trim() === '')
    throw refuse('no-reviewer', 'the label', 'nobody is named who gives it', 'name yourself with --reviewer');
  const missing = given.cites.find((seq) => !Number.isInteger(seq) || seq < 1 || seq > steps);
  if (missing !== undefined)
    throw refuse('unknown-step', `step ${missing}`, `the run has steps 1 to ${steps}`, 'cite steps that are there');
  if (value === 'present' && given.cites.length === 0)
    throw refuse(
      'no-citation',
      `label ${given.label}`,
      'a label that is present is seen somewhere',
      'cite the steps that show it',
    );
  return { ...given, value, cites: [...new Set(given.cites)].sort((a, b) => a - b) };
}

/** What reviewers say of one label of one run now: the last word of each. */
export interface Standing {
  readonly run: string;
  readonly label: string;
  readonly words: readonly Label[];
  readonly disputed: boolean;
}

/** Returns every label that was given, disputed ones first, then those that are present, then the rest. */
export function standings(labels: readonly Label[]): Standing[] {
  const groups = new Map<string, Map<string, Label>>();
  for (const label of labels) {
    const key = `${label.run} ${label.label}`;
    const words = groups.get(key) ?? new Map<string, Label>();
    groups.set(key, words.set(label.reviewer, label));
  }
  const all = [...groups.values()].map((words): Standing => standing([...words.values()]));
  return all.sort((a, b) => rank(a) - rank(b));
}

function standing(words: readonly Label[]): Standing {
  const [first] = words;
  if (first === undefined) throw new RangeError('a standing has words');
  return { run: first.run, label: first.label, words, disputed: new Set(words.map(({ value }) => value)).size > 1 };
}

function rank({ disputed, words }: Standing): number {
  if (disputed) return 0;
  return words.some(({ value }) => value === 'present') ? 1 : 2;
}

/** Returns how often two reviewers judged the same label of the same run, and how often alike. */
export function agreement(standing: readonly Standing[]): { judged: number; alike: number } {
  const twice = standing.filter(({ words }) => words.length > 1);
  return { judged: twice.length, alike: twice.filter(({ disputed }) => !disputed).length };
}
