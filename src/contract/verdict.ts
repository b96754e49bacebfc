/** Criterion results and verdicts. Unmeasured is a status with a reason; it is never a number. */
import * as z from 'zod';
import { Json } from './names.ts';

export const VerdictName = z.enum(['reproduced', 'partial', 'not-reproduced', 'behaviour-absent', 'inconclusive']);
export type VerdictName = z.infer<typeof VerdictName>;

export const CriterionResult = z
  .strictObject({
    id: z.string(),
    says: z.string(),
    weight: z.enum(['core', 'required', 'flag']),
    status: z.enum(['pass', 'fail', 'unmeasured']),
    measured: z.number().nullable().describe('null where unmeasured'),
    threshold: z.string().describe('in words, e.g. `at least 0.25`'),
    reason: z.string().describe('source or because of the threshold'),
    null_values: z.array(z.number()).describe('what the controls gave; empty where the criterion has none'),
    parts: z.record(z.string(), Json).describe('numbers that went into `measured`'),
    note: z.string().describe('why it is unmeasured, or empty'),
  })
  .meta({ id: 'CriterionResult' });
export type CriterionResult = z.infer<typeof CriterionResult>;

export const Verdict = z
  .strictObject({
    verdict: VerdictName,
    because: z.string(),
    gate: CriterionResult.nullable(),
    criteria: z.array(CriterionResult),
  })
  .meta({ id: 'Verdict' });
export type Verdict = z.infer<typeof Verdict>;
