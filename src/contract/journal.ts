/**
 * The journal: what happened to whole runs, across all of them. An entry is chained to the one before and signed, so that neither
 * a sealed run nor a withdrawal can be changed, and no run taken out from among others, without it being seen.
 */
import * as z from 'zod';
import { Sha256 } from './names.ts';
import { VerdictName } from './verdict.ts';

export const JournalBody = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sealed'),
    run: z.string(),
    head: Sha256.describe('hash of the last step'),
    steps: z.number().int(),
    verdict: VerdictName,
    manifests: Sha256.nullable().describe(
      'of the manifests of all its artifacts, versions included; null: not looked at',
    ),
  }),
  z.strictObject({
    kind: z.literal('withdrawn'),
    run: z.string(),
    head: Sha256.describe('hash of the last step'),
    because: z.string().min(1).max(4000),
  }),
]);
export type JournalBody = z.infer<typeof JournalBody>;

export const JournalEntry = z.strictObject({
  seq: z.number().int().describe('from 1, without gaps'),
  at: z.string(),
  body: JournalBody,
  previous: Sha256.nullable().describe('hash of the entry before'),
  key: z
    .string()
    .nullable()
    .describe('public key (Ed25519, SPKI, base64); null in entries from before there were signatures'),
  hash: Sha256.describe('of {seq, at, body, previous, key} in canonical JSON'),
  signature: z.string().nullable().describe('of the same text, base64'),
});
export type JournalEntry = z.infer<typeof JournalEntry>;
