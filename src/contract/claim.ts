/** What an agent hands in, and what it planned: sealed before the verification and before the search. */
import * as z from 'zod';
import { Component, Json, Slug } from './names.ts';

export const Plan = z
  .strictObject({
    intent: z.string().max(4000),
    items: z
      .array(z.strictObject({ name: z.string(), tool: z.string(), serves: z.array(z.string()) }))
      .min(1)
      .describe('intended experiments, each with the criteria it serves'),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

export const EvidenceKind = z
  .enum(['necessity', 'sufficiency', 'specificity', 'mechanism'])
  .describe(
    'necessity: without the components the behaviour is lost; sufficiency: with them it comes back; specificity: others do not do it; mechanism: what they are said to do',
  );
export type EvidenceKind = z.infer<typeof EvidenceKind>;

const acts = (of: string) => z.array(z.string()).min(1).optional().describe(`acts whose results show ${of}`);

export const Cites = z
  .strictObject({
    necessity: acts('that the behaviour is lost without the components'),
    sufficiency: acts('that the behaviour comes back with them'),
    specificity: acts('that others do not do it'),
    mechanism: acts('that they do what the role says'),
  } satisfies Record<EvidenceKind, z.ZodType>)
  .meta({ id: 'Cites' });
export type Cites = z.infer<typeof Cites>;

export const Claim = z
  .strictObject({
    roles: z.record(Slug, z.array(Component).min(1)).describe('role -> components, best first'),
    settings: z
      .record(z.string(), Json)
      .describe('what the protocol asks for beside components, e.g. the injection layer'),
    statement: z.string().max(4000),
    cites: Cites.describe('the experiments of this run behind the claim, by what they show'),
  })
  .meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;

/** What a reviewer saw in a search. Its words are data wherever they are shown. */
export const Remark = z
  .strictObject({
    rule: z.string(),
    says: z.string(),
    acts: z.array(z.string()).describe('where it was seen'),
    asks: z.boolean().describe('true: more experiments could mend it'),
  })
  .meta({ id: 'Remark' });
export type Remark = z.infer<typeof Remark>;

/** A claim as a record holds it: before evidence had kinds, it was a list of acts. */
export const SealedClaim = Claim.extend({ cites: z.union([Cites, z.array(z.string())]) }).meta({ id: 'SealedClaim' });
export type SealedClaim = z.infer<typeof SealedClaim>;
