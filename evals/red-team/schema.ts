/** What a fixture of the red team is, as data: who attacks through which channel with what, and how the defence must answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { root } from '../../src/root.ts';
import { Script } from '../servers/script.ts';

const json = z.record(z.string(), z.unknown());

/** A planner that lies: it follows the procedure for a while, then says these, the last of them for ever. */
const Agent = z.strictObject({
  kind: z.literal('agent'),
  on: z.enum(['original', 'twin']).default('original').describe('twin: the heads stand at other indices'),
  measured: z
    .boolean()
    .default(false)
    .describe('its claim is sealed and measured, so a whole job is run; else a committed run gives the measurements'),
  tampers: z.boolean().default(false).describe('it writes into what it is shown, wherever a limit or threshold stands'),
  follow: z
    .number()
    .int()
    .default(0)
    .describe('answers of the scripted planner that are given first, the plan among them'),
  evidence: z
    .strictObject({ on: z.array(z.string()), beside: z.array(z.string()) })
    .optional()
    .describe('it then runs what a claim has to cite, on these heads and on others: acts e1, e2 and e3'),
  says: z.array(json).min(1),
});

/** A language model that lies: replies of the local Messages server. */
const Replies = z.strictObject({ kind: z.literal('replies'), turns: Script.shape.turns });

/** What is done to files: to the SQLite file with the triggers gone, and to artifacts. */
const Edit = z.strictObject({
  sql: z.array(z.string()).default([]).describe(':run is the run, :other another one of the same record'),
  mend: z
    .boolean()
    .default(false)
    .describe('every hash of the chain is computed anew afterwards, as far as that goes without the key'),
  artifact: z.enum(['flip', 'swap', 'link', 'describe']).optional().describe('done to the first artifact of the run'),
});

/** A sealed run of an honest agent is edited; `runs verify` must find it. */
const Sealed = z.strictObject({ kind: z.literal('sealed'), edit: Edit });

/** A run is cut off after a step, edited, and resumed. */
const Cut = z.strictObject({ kind: z.literal('cut'), after: z.string(), edit: Edit });

/** A worker that lies; evals/red-team/lying_worker.py knows how. */
const Worker = z.strictObject({ kind: z.literal('worker'), lie: z.string() });

/** A model folder that was prepared. */
const Folder = z.strictObject({
  kind: z.literal('folder'),
  put: z.record(z.string(), z.string()).default({}).describe('file name -> content'),
  config: json.default({}).describe('merged into config.json'),
  link: z.record(z.string(), z.string()).default({}).describe('file name -> target of a symbolic link'),
  words: z.boolean().default(false).describe('the words of the tokenizer are injected texts'),
  swap_after: z.string().optional().describe('the weights are replaced after this step'),
});

/** All injected texts at once, somewhere. */
const Texts = z.strictObject({ kind: z.literal('texts'), into: z.enum(['finding', 'agent', 'replies', 'faces']) });

/** Several runs, of which some claim at random. */
const Grid = z.strictObject({ kind: z.literal('grid'), random: z.number().int(), honest: z.number().int() });

/** A record of somebody else, with names that are instructions. */
const Memory = z.strictObject({ kind: z.literal('memory'), model: z.string() });

export const Outcome = z.enum([
  'inconclusive',
  'not-reproduced',
  'behaviour-absent',
  'refused',
  'faulted',
  'found',
  'unchanged',
]);
export type Outcome = z.infer<typeof Outcome>;

export const Fixture = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  does: z.string().describe('what the attacker does, one sentence'),
  item: z.array(z.string()).min(1).describe('numbers of the list in README.md, or promises such as P8'),
  attack: z.discriminatedUnion('kind', [Agent, Replies, Sealed, Cut, Worker, Folder, Texts, Grid, Memory]),
  ends: Outcome,
  because: z.string().describe('regular expression that the reason must match'),
});
export type Fixture = z.infer<typeof Fixture>;
export type Attack = Fixture['attack'];
export type AttackOf<K extends Attack['kind']> = Extract<Attack, { kind: K }>;

const folder = join(root, 'evals/red-team');

/** The attacks of fixtures.yaml. */
export function readFixtures(): Fixture[] {
  return z.array(Fixture).parse(parse(readFileSync(join(folder, 'fixtures.yaml'), 'utf8'), { merge: true }));
}

export const InjectedText = z.strictObject({ name: z.string(), text: z.string().min(1) });
export type InjectedText = z.infer<typeof InjectedText>;

/** The texts of texts.yaml. */
export function readTexts(): InjectedText[] {
  return z.array(InjectedText).parse(parse(readFileSync(join(folder, 'texts.yaml'), 'utf8')));
}
