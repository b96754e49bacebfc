/** What the card of every built organism begins with, however it was made. */
import * as z from 'zod';
import { Sha256, Slug } from './names.ts';
import { Versions } from './versions.ts';

export const built = {
  organism: Slug,
  weights_sha256: Sha256,
  recipe_sha256: Sha256,
  data_sha256: Sha256,
  parameters: z.number().int(),
  versions: Versions,
};
