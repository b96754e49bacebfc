/** Reference values: rankings that others published, and the ones that `recircuit calibrate` measured. Agents never see them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { hashOf, type Protocol, type PublishedRanking, Reference } from '../contract/index.ts';
import { badFile, readJson } from './files.ts';
import { findingFolder } from './protocols.ts';

/** A head with its effect, best first; null where only the heads were published. */
export interface RankedComponent {
  readonly component: string;
  readonly effect: number | null;
}

/** Returns what calibration measured for a finding, or undefined before it. @throws Refusal for a file edited by hand */
export function loadReference(finding: string): Reference | undefined {
  const file = join(findingFolder(finding), 'reference.json');
  return existsSync(file) ? readReference(file, finding) : undefined;
}

/** Returns the path of the ranking that known-model criteria hold against a list; undefined where none does. */
export function comparedRanking({ criteria }: Pick<Protocol, 'criteria'>): string | undefined {
  for (const criterion of criteria.known_model) if ('found' in criterion) return criterion.found;
  return undefined;
}

/** As `loadReference`, for a file wherever it lies. */
export function readReference(file: string, finding: string): Reference {
  const reference = readJson(file, Reference);
  if (reference.finding !== finding) throw badFile(file, `it belongs to "${reference.finding}"`);
  const { content_sha256, ...rest } = reference;
  if (hashOf(rest) !== content_sha256)
    throw badFile(file, 'its content is not what `recircuit calibrate` wrote; measure it again instead of editing it');
  return reference;
}

/** Adds the hash by which a hand edit is found. */
export function sealReference(reference: Omit<Reference, 'content_sha256'>): Reference {
  return { ...reference, content_sha256: hashOf(reference) };
}

const PublishedFile = z.looseObject({
  lists: z.array(
    z.looseObject({
      model: z.string(),
      receiver: z.string().optional(),
      heads: z.array(z.tuple([z.number().int().min(0), z.number().int().min(0), z.number().nullable()])).min(1),
    }),
  ),
});

/** By which name criteria call a published ranking; null for a model of which we have no card. */
export function rankingName({
  card,
  receiver,
}: Pick<z.infer<typeof PublishedRanking>, 'card' | 'receiver'>): string | null {
  return card === null || receiver === undefined ? card : `${card}/${receiver}`;
}

/** Returns one published ranking of a protocol, best first. @throws Refusal where its file lacks it */
export function publishedRanking(
  { finding }: Pick<Protocol, 'finding'>,
  { file, model, receiver }: z.infer<typeof PublishedRanking>,
): RankedComponent[] {
  const path = join(findingFolder(finding), file);
  const lists = readJson(path, PublishedFile).lists.filter((candidate) => candidate.model === model);
  const list = receiver === undefined ? lists[0] : lists.find((candidate) => candidate.receiver === receiver);
  if (!list) throw badFile(path, `it has no list of ${model}${receiver === undefined ? '' : ` into ${receiver}`}`);
  return list.heads.map(([layer, head, effect]) => ({ component: `a${layer}.h${head}`, effect }));
}
