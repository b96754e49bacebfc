/** Where findings are calibrated, and which heads are known there: those of the card, or those of another measurement. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { Motif, type Protocol } from '../../../src/contract/index.ts';
import { loadModelCard, loadReference } from '../../../src/protocol/index.ts';
import { root } from '../../../src/root.ts';

const Places = z.record(
  z.string(),
  z.strictObject({
    on: z.array(z.string()).min(1),
    roles: z.record(z.string(), z.array(Motif).min(1)).default({}),
  }),
);

export interface Place {
  readonly finding: string;
  readonly organism: string;
}

const places = (): z.infer<typeof Places> =>
  Places.parse(parse(readFileSync(fileURLToPath(new URL('../calibration.yaml', import.meta.url)), 'utf8')));

/** Returns every finding with every organism on which it is calibrated, by name. */
export function placesOf(): Place[] {
  const all = Object.entries(places()).flatMap(([finding, { on }]) => on.map((organism) => ({ finding, organism })));
  return all.sort((a, b) => (a.finding < b.finding ? -1 : a.finding > b.finding ? 1 : 0));
}

const Card = z.looseObject({
  weights_sha256: z.string(),
  planted: z.record(z.string(), z.array(z.string())).optional(),
});

export interface Known {
  readonly by: 'card' | 'reference';
  readonly heads: readonly string[];
}

/**
 * Returns the heads that are known to have a role, or null. Of a reference without roles, which is one ranking, as many heads as
 * were claimed; a finding of several roles has no ranking for each.
 */
export function knownHeads(protocol: Protocol, model: string, role: string, claimed: number): Known | null {
  const { where } = loadModelCard(model);
  if (where.kind !== 'organism') return null;
  const card = Card.parse(JSON.parse(readFileSync(join(root, where.folder, 'card.json'), 'utf8')));
  const motifs: readonly string[] = places()[protocol.finding]?.roles[role] ?? [role];
  const planted = motifs.flatMap((motif) => card.planted?.[motif] ?? []);
  if (planted.length > 0) return { by: 'card', heads: planted };
  const reference = loadReference(protocol.finding);
  if (reference?.weights_sha256 !== card.weights_sha256) return null;
  const told = reference.roles?.[role];
  if (told !== undefined) return { by: 'reference', heads: told };
  if (protocol.roles.length > 1) return null;
  return { by: 'reference', heads: reference.ranking.slice(0, claimed).map(({ component }) => component) };
}
