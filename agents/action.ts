/** What a planner may answer: a plan, a tool call, a claim, or giving up. Anything else is sent back to it with the reason. */
import * as z from 'zod';
import { Claim, Json, Plan } from '../src/contract/index.ts';

export const Action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plan'), plan: Plan }),
  z.strictObject({
    kind: z.literal('tool'),
    name: z
      .string()
      .regex(/^[\w-]{1,60}$/, 'letters, digits, _ and -')
      .describe('the result is kept under this name; a name is used once'),
    tool: z.string(),
    input: z.record(z.string(), Json),
    serves: z.array(z.string()).describe('criteria that this call informs'),
    because: z.string().max(4000),
  }),
  z.strictObject({ kind: z.literal('claim'), claim: Claim }),
  z.strictObject({ kind: z.literal('give-up'), reason: z.string().min(1).max(4000) }),
]);
export type Action = z.infer<typeof Action>;
export type ActionOf<K extends Action['kind']> = Extract<Action, { kind: K }>;
