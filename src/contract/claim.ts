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

export const Claim = z
  .strictObject({
    roles: z.record(Slug, z.array(Component).min(1)).describe('role -> components, best first'),
    settings: z
      .record(z.string(), Json)
      .describe('what the protocol asks for beside components, e.g. the injection layer'),
    statement: z.string().max(4000),
    cites: z.array(z.string()).describe('acts whose results stand behind the claim'),
  })
  .meta({ id: 'Claim' });
export type Claim = z.infer<typeof Claim>;
