/**
 * Names and small values that every other noun is made of. Nothing here has fields; nouns with fields live in their own file.
 */
import * as z from 'zod';

export const Slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9.]+)*$/, 'lower-case words joined by hyphens')
  .max(80)
  .describe('lower-case words joined by hyphens');

export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits')
  .describe('sha256, 64 lower-case hex digits');

/** A head `a9.h6` (layer 9, head 6, both from 0) or an MLP `m3`. The address is the component's identity. */
export const Component = z
  .string()
  .regex(/^(a\d{1,4}\.h\d{1,4}|m\d{1,4})$/, 'a head such as a9.h6 or an MLP such as m3')
  .describe('a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3');
export type Component = z.infer<typeof Component>;

export const Seed = z.number().int().min(0).max(2_147_483_647).describe('seed of the pseudo-random choices');

/** A share or probability. */
export const Share = z.number().min(0).max(1);

/** JSON as it is written to the record: no NaN, no undefined. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export const Json: z.ZodType<Json> = z.json() as z.ZodType<Json>;
export type JsonObject = { [key: string]: Json };

/** Engines that edit a forward pass. */
export const Engine = z.enum(['fast', 'reference']);
export type Engine = z.infer<typeof Engine>;
