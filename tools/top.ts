/** How many heads a ranking tells: the one word `top` of all tools that rank. */
import * as z from 'zod';

/** `least`: heads told of a small model where nothing is asked. */
export const topHeads = (least: number) =>
  z
    .number()
    .int()
    .min(1)
    .max(512)
    .nullable()
    .default(null)
    .describe(`heads returned; null: 2 % of all heads, at least ${least}`);
