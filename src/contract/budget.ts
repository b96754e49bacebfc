/** What the agent of a run may spend. The protocol's own verification is not charged: a verdict does not depend on a purse. */
import * as z from 'zod';

export const Budget = z
  .strictObject({
    calls: z
      .number()
      .int()
      .min(1)
      .max(200)
      .optional()
      .describe('tool calls of the planner; absent: three for each step of the procedure'),
    tokens: z.number().int().min(1).optional().describe('read and written by its language model, cached ones too'),
    usd: z.number().positive().optional().describe('US dollars paid to the provider of its language model'),
    device_s: z.number().positive().optional().describe('seconds during which the worker worked for the search'),
    wall_s: z
      .number()
      .positive()
      .optional()
      .describe('seconds from opening to claim, without those in which nobody worked'),
  })
  .meta({ id: 'Budget' });
export type Budget = z.infer<typeof Budget>;

export const BudgetName = Budget.keyof();
export type BudgetName = z.infer<typeof BudgetName>;
