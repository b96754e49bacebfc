/** The table of published data files: what a file of that name must hold. Hashes are of content, so line ends do not count. */
import { join } from 'node:path';
import * as z from 'zod';
import { Sha256 } from '../contract/index.ts';
import { root } from '../root.ts';
import { readJson } from './files.ts';

const PublishedData = z.strictObject({
  source: z.strictObject({
    paper: z.string(),
    arxiv: z.string(),
    repository: z.string(),
    commit: z.string(),
    licence: z.string(),
  }),
  hash: z.string().describe('how a file is hashed'),
  files: z.record(z.string(), Sha256).describe('path below the data folder -> sha256'),
});

export function publishedData(): z.infer<typeof PublishedData> {
  return readJson(join(root, 'src/protocol/published-data.json'), PublishedData);
}
