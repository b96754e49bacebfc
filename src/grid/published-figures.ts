/** The table of published figures: by which content hash a file is known, and to which finding and behaviour it belongs. */
import { join } from 'node:path';
import * as z from 'zod';
import { Sha256, Slug } from '../contract/index.ts';
import { readJson } from '../protocol/index.ts';
import { root } from '../root.ts';

const KnownFile = z.strictObject({
  file: z.string().describe('name by which it is found in a folder'),
  format: z.enum(['ranked-heads', 'sender-matrices', 'accuracy']),
  sha256: Sha256,
  behaviour: Slug,
  finding: Slug.nullable(),
  role: Slug.nullable(),
  source: z
    .strictObject({
      paper: z.string(),
      arxiv: z.string(),
      repository: z.string(),
      commit: z.string(),
      file: z.string(),
    })
    .describe('what the figures were read from; a JSON file says so itself as well'),
});
export type KnownFile = z.infer<typeof KnownFile>;

const Table = z.strictObject({ hash: z.string().describe('how a file is hashed'), files: z.array(KnownFile) });

export function knownFiles(): readonly KnownFile[] {
  return readJson(join(root, 'src/grid/published-figures.json'), Table).files;
}
