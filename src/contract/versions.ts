/** Versions that a number can depend on. */
import * as z from 'zod';

export const Versions = z
  .strictObject({ python: z.string(), torch: z.string(), transformers: z.string(), worker: z.string() })
  .meta({ id: 'Versions' });
