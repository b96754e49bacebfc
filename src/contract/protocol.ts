/**
 * A protocol: the frozen recipe that tests one finding on any model. Roles, gate, published procedure, measurements,
 * criteria, controls and reference values, all as data, so that it can be hashed, read by people and run by any planner.
 *
 * Inputs of tools are JSON in which an object with one `$` key stands for a value known only in the run
 * (`Expression`, read by `src/expression`).
 */
import * as z from 'zod';
import { EvidenceKind } from './claim.ts';
import { Json, Slug } from './names.ts';

const Reason = {
  source: z.string().optional().describe('paper and section, or file, from which the number comes'),
  because: z.string().optional().describe('why this number, where it is ours'),
};

/**
 * Where in a result: `clean.tasks[].accuracy` maps over a list, `clean.tasks.#` counts it, `clean.tasks.0` is its first item,
 * `random[].accuracy` maps over the sets of a control. The first word names a step. Read by `readPath`.
 */
export const Path = z
  .string()
  .regex(/^[\w-]+(\[\])?(\.[\w-]+(\[\])?)*(\.#)?$/, 'words joined by dots, such as clean.tasks[].accuracy');

const Other = z
  .strictObject({
    of: Path.describe('list whose rows are compared with'),
    matching: z.string().describe('key that a row has in common with its partner in `of`, e.g. task'),
    field: z.string().describe('field of the partner'),
    at_least: z.number().describe('least difference between the two fields'),
  })
  .meta({ id: 'OtherRow' });

export const Condition = z
  .strictObject({
    field: z.string(),
    equals: z.string().optional(),
    at_least: z.number().optional(),
    at_most: z.number().optional(),
    share_of_best: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe('at least this share of the largest value of the field in the whole list'),
    more_than_field: z.string().optional().describe('another field of the same row'),
    below_field_by: Other.optional().describe('this row lies at least so much below its partner in another list'),
    above_field_by: Other.optional().describe('this row lies at least so much above its partner in another list'),
    ...Reason,
  })
  .meta({ id: 'Condition', description: 'What a row must be; every test that is named must hold.' });
export type Condition = z.infer<typeof Condition>;

/** Rows of a list that meet conditions; `otherwise` stands in when none does. */
export const Pick = z
  .strictObject({
    from: Path,
    where: z.array(Condition).min(1),
    take: z.string(),
    otherwise: Path.optional(),
  })
  .meta({ id: 'Pick' });
export type Pick = z.infer<typeof Pick>;

/** A named value computed from earlier results: no tool, no model. */
export const Selection = z.strictObject({ name: z.string(), pick: Pick });

export const ToolStep = z.strictObject({
  name: z.string().describe('later steps refer to the result by this name'),
  tool: z.string(),
  input: z.record(z.string(), Json),
  serves: z.array(z.string()).default([]).describe('criteria that this step informs'),
  gives: z
    .array(EvidenceKind)
    .min(1)
    .optional()
    .describe('evidence for which the claim cites this step of the procedure'),
});

export const ProcedureStep = z.union([ToolStep, Selection]);
export type ProcedureStep = z.infer<typeof ProcedureStep>;

/** A measurement of the verification; `over` repeats it for each set of a control. */
export const Measurement = z.union([
  ToolStep.extend({
    over: z.strictObject({ control: z.string() }).optional(),
    models: z.array(Slug).optional().describe('only on these models, for criteria of theirs; absent: on all'),
  }),
  Selection,
]);
export type Measurement = z.infer<typeof Measurement>;

export const Role = z.strictObject({
  role: Slug,
  kind: z.enum(['head', 'mlp']),
  about: z.string(),
  at_least: z.number().int().min(0).describe('0: a model may lack it, and then a claim leaves it out'),
  at_most: z.number().int().min(1),
  ...Reason,
});

/**
 * A kind of evidence that a claim must cite, and the experiments that can be such evidence. What they found is not asked here:
 * the verification measures for itself.
 */
export const EvidenceAsked = z
  .strictObject({
    kind: EvidenceKind,
    says: z.string().describe('what the experiment has to be, in words'),
    given_by: z
      .array(
        z.strictObject({
          tool: z.string(),
          where: z.record(z.string(), Json).default({}).describe('fields of the input and what they must be'),
          components: Path.describe('where the call names components: from `input` or `output`'),
          role: Slug.optional().describe('whose components are meant; absent: those of all roles'),
          are: z
            .enum(['claimed', 'with-claimed', 'others'])
            .describe('claimed: exactly these; with-claimed: these and more; others: none of these, and as many'),
        }),
      )
      .min(1),
    ...Reason,
  })
  .meta({ id: 'EvidenceAsked' });
export type EvidenceAsked = z.infer<typeof EvidenceAsked>;

/** A null measured on this very model: sets of heads of equal size drawn from the same layers, none of them claimed. */
export const Control = z.strictObject({
  control: z.string(),
  kind: z.literal('layer-matched-random-heads'),
  role: Slug,
  sets: z.number().int().min(2),
  ...Reason,
});
export type Control = z.infer<typeof Control>;

const Threshold = { value: z.number(), ...Reason };

/** A number among the evidence: a path, or the best, worst (smallest), mean or sum of the numbers at a path. */
export const Quantity = z.union([
  Path,
  z.strictObject({ best_of: Path }),
  z.strictObject({ worst_of: Path }),
  z.strictObject({ mean_of: Path }),
  z.strictObject({ sum_of: Path }),
]);
export type Quantity = z.infer<typeof Quantity>;

/** Components among the evidence: a path, or all that stand at some of several. */
export const Listed = z.union([Path, z.strictObject({ union_of: z.array(Path).min(2) })]);
export type Listed = z.infer<typeof Listed>;

const criterionBase = {
  id: z.string().regex(/^[A-Z][A-Za-z0-9]*$/),
  says: z.string().describe('the criterion in one sentence'),
  models: z.array(Slug).optional().describe('only on these models; absent: on all'),
  weight: z
    .enum(['core', 'required', 'flag'])
    .describe(
      'core: without it the finding is not reproduced; required: without it only partly; flag: shown, never decides',
    ),
};
const threshold = z.strictObject(Threshold).describe('number with its source or reason');

export const Criterion = z
  .discriminatedUnion('kind', [
    z.strictObject({ ...criterionBase, kind: z.literal('at-least'), value: Quantity, threshold }),
    z.strictObject({ ...criterionBase, kind: z.literal('at-most'), value: Quantity, threshold }),
    z.strictObject({ ...criterionBase, kind: z.literal('between'), value: Quantity, low: threshold, high: threshold }),
    z.strictObject({ ...criterionBase, kind: z.literal('gain'), value: Quantity, over: Quantity, threshold }),
    z.strictObject({ ...criterionBase, kind: z.literal('ratio'), value: Quantity, over: Quantity, threshold }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('exceeds-null'),
      value: Quantity,
      null: Path.describe('numbers measured on the control sets'),
      threshold: threshold.describe('value must lie above every null by at least this'),
    }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('overlap'),
      a: Listed.describe('components'),
      b: Listed.describe('components'),
      of: z
        .literal('first')
        .optional()
        .describe('share of the first list, which counts what is in it alone; absent: of the smaller list'),
      among: Path.describe('number of components that could have been drawn, for the null'),
      threshold: threshold.describe('shared share of that list, at least'),
    }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('apart'),
      a: Listed.describe('components'),
      b: Listed.describe('components'),
      among: Path.describe('number of components that could have been drawn, for the null'),
      threshold: threshold.describe('shared share of the smaller list, at most'),
    }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('recall'),
      found: Path.describe('ranked components, best first'),
      top: z.number().int().min(1),
      reference: z
        .string()
        .describe('`own`: the ranking known for this very model; else the card whose ranking is meant'),
      reference_top: z.number().int().min(1),
      threshold,
    }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('rank-correlation'),
      found: Path.describe('rows with component and effect'),
      reference: z.string(),
      threshold,
    }),
    z.strictObject({
      ...criterionBase,
      kind: z.literal('rank-agreement'),
      a: Path.describe('rows with component and effect'),
      b: Path.describe('rows with component and effect, measured on something else'),
      threshold: threshold.describe('rank correlation of the effects of components that stand in both, at least'),
    }),
  ])
  .meta({ id: 'Criterion' });
export type Criterion = z.infer<typeof Criterion>;

/** The fields of a criterion that hold paths, of whatever kind it is. */
const PATH_FIELDS = ['value', 'over', 'null', 'a', 'b', 'among', 'found'] as const;

/** Returns every path that a criterion reads, in order. */
export function pathsIn(criterion: Criterion): string[] {
  const fields = criterion as Partial<Record<(typeof PATH_FIELDS)[number], Quantity | Listed>>;
  return PATH_FIELDS.flatMap((field) => {
    const value = fields[field];
    if (value === undefined) return [];
    return typeof value === 'string' ? [value] : Object.values(value).flat();
  });
}

/** A published ranking of heads. Never shown to an agent. */
export const PublishedRanking = z.strictObject({
  model: z.string().describe('hub repository'),
  card: Slug.nullable().describe('our card of that model'),
  receiver: z
    .string()
    .optional()
    .describe('of several lists of one model, the one with this receiver; criteria call it `card/receiver`'),
  file: z.string().describe('JSON beside the protocol'),
  source: z.string(),
});

export const Protocol = z
  .strictObject({
    finding: Slug,
    claim: z.string(),
    source: z.strictObject({ title: z.string(), arxiv: z.string(), section: z.string(), code: z.string().optional() }),
    known_on: z.array(z.string()).min(1).describe('models of the published finding'),
    reference_model: Slug.describe('the model that `recircuit calibrate` measures'),
    behaviour: Slug,
    roles: z.array(Role).min(1),
    gate: z.strictObject({ measure: z.array(ProcedureStep).min(1), criterion: Criterion }),
    procedure: z.array(ProcedureStep).min(1).describe('the published procedure, on the search half'),
    claim_from: z.strictObject({
      roles: z.record(Slug, Json).describe('role -> expression that gives components'),
      settings: z.record(z.string(), Json).describe('name -> expression, e.g. the injection layer'),
    }),
    evidence: z
      .array(EvidenceAsked)
      .min(1)
      .optional()
      .describe('what a claim must cite; absent in protocols from before it was asked'),
    controls: z.array(Control).min(1),
    measurements: z
      .array(Measurement)
      .min(1)
      .describe('run by the protocol on the held-out half, after the claim is sealed'),
    criteria: z.strictObject({ known_model: z.array(Criterion), new_model: z.array(Criterion).min(1) }),
    published: z.array(PublishedRanking).default([]),
    shows: z.array(Json).default([]).describe('figures of the report'),
  })
  .meta({ id: 'Protocol' });
export type Protocol = z.infer<typeof Protocol>;
