/** An answer of a planner, held against a schema: what it says, or what is wrong with it in words that can be sent back to it. */
import * as z from 'zod';

/** How often an answer may be sent back, where the planner does not say otherwise. */
export const REPAIRS = 3;

/** A planner may find its own answer unusable, with better words than a schema has. */
const Unusable = z.strictObject({ kind: z.literal('unusable'), why: z.string() });
export type Unusable = z.infer<typeof Unusable>;

/** Reads an answer. */
export function readAnswer<T>(
  schema: z.ZodType<T>,
  answer: unknown,
): { readonly said: T } | { readonly wrong: string } {
  const unusable = Unusable.safeParse(answer);
  if (unusable.success) return { wrong: unusable.data.why };
  const parsed = schema.safeParse(answer);
  return parsed.success ? { said: parsed.data } : { wrong: z.prettifyError(parsed.error) };
}
