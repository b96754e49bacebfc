/** Makes the reference of a finding out of sealed runs on its reference model: the mean ranking, and what each criterion measured. */
import { renameSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import {
  Component,
  type Json,
  nameIn,
  type Protocol,
  type Reference,
  Refusal,
  type Run,
  readPath,
  type Step,
} from '../contract/index.ts';
import { comparedRanking, protocolHash, sealReference } from '../protocol/index.ts';

export interface SealedRun {
  readonly run: Run;
  readonly steps: readonly Step[];
}

/** A finding that does not hold on its reference model has no reference values. */
const HOLDS = new Set(['reproduced', 'partial']);

/** @throws Refusal where a run did not reproduce the finding, or measured no ranking */
export function referenceOf(protocol: Protocol, runs: readonly SealedRun[]): Reference {
  const bad = runs.find(({ run }) => !HOLDS.has(run.verdict ?? ''));
  if (bad !== undefined)
    throw cannot(protocol, `its run ${bad.run.run} (seed ${bad.run.seed}) ended ${bad.run.verdict}`);
  return sealReference({
    finding: protocol.finding,
    protocol_sha256: protocolHash(protocol),
    model: protocol.reference_model,
    weights_sha256: weightsOf(protocol, runs),
    produced_by: 'recircuit calibrate',
    seeds: runs.map(({ run }) => run.seed),
    ranking: meanRanking(runs.map((run) => rankingOf(protocol, run))),
    roles: rolesOf(runs),
    values: valuesOf(runs),
  });
}

/** Writes the file whole or not at all. */
export function writeReference(file: string, reference: Reference): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(reference, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

/** A row of a ranking, of whichever tool. Where it has a strength, effects of both signs are ranked by their size. */
const Row = z.looseObject({
  component: Component,
  relative_change: z.number().optional(),
  recovery: z.number().optional(),
  effect: z.number().optional(),
  score: z.number().optional(),
  strength: z.number().optional(),
});
type Ranked = { component: string; effect: number; signed: boolean };

/** The ranking of the verification that the known-model criteria compare with a reference. */
function rankingOf(protocol: Protocol, { run, steps }: SealedRun): Ranked[] {
  const path = comparedRanking(protocol)?.replace(/\.component$/, '') ?? '';
  const name = nameIn(path);
  const result = steps.find(({ body }) => body.kind === 'tool-result' && body.call === `verify/${name}`)?.body;
  const list = readPath(path, result?.kind === 'tool-result' ? { [name]: result.output } : {});
  const rows = z.array(Row).safeParse(list.found ? list.value : undefined);
  const none = cannot(protocol, `its run ${run.run} has no ranking "${path}"`);
  if (!rows.success) throw none;
  return rows.data.map(({ component, relative_change, recovery, effect, score, strength }) => {
    const found = relative_change ?? recovery ?? effect ?? score;
    if (found === undefined) throw none;
    return { component, effect: found, signed: strength !== undefined };
  });
}

/** Mean effect over the runs, of components that every run ranked; best first, ties by name. */
function meanRanking(rankings: readonly (readonly Ranked[])[]): Reference['ranking'] {
  const signed = rankings.flat().some((row) => row.signed);
  const size = ({ effect }: { effect: number }): number => (signed ? Math.abs(effect) : effect);
  const effects = new Map<string, number[]>();
  for (const { component, effect } of rankings.flat())
    effects.set(component, [...(effects.get(component) ?? []), effect]);
  return [...effects]
    .filter(([, values]) => values.length === rankings.length)
    .map(([component, values]) => ({
      component,
      effect: values.reduce((sum, value) => sum + value, 0) / values.length,
    }))
    .sort((a, b) => size(b) - size(a) || (a.component < b.component ? -1 : 1));
}

/** Heads that more than half of the runs claimed, role by role; those of most runs first, ties by name. */
function rolesOf(runs: readonly SealedRun[]): NonNullable<Reference['roles']> {
  const counts: Record<string, Record<string, number>> = {};
  for (const { steps } of runs) {
    const body = steps.find((step) => step.body.kind === 'claim')?.body;
    if (body?.kind !== 'claim') continue;
    for (const [role, heads] of Object.entries(body.claim.roles)) {
      counts[role] ??= {};
      for (const head of heads) counts[role][head] = (counts[role][head] ?? 0) + 1;
    }
  }
  const most = (heads: Record<string, number>): string[] =>
    Object.entries(heads)
      .filter(([, count]) => 2 * count > runs.length)
      .sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
      .map(([head]) => head);
  return Object.fromEntries(Object.entries(counts).map(([role, heads]) => [role, most(heads)]));
}

function valuesOf(runs: readonly SealedRun[]): Record<string, Json> {
  const values: Record<string, (number | null)[]> = {};
  for (const { steps } of runs) {
    const body = steps.findLast((step) => step.body.kind === 'verdict')?.body;
    if (body?.kind !== 'verdict') continue;
    for (const { id, measured } of body.verdict.criteria) values[id] = [...(values[id] ?? []), measured];
  }
  return values;
}

function weightsOf(protocol: Protocol, runs: readonly SealedRun[]): string {
  const all = runs.flatMap(({ steps }) =>
    steps.flatMap(({ body }) => (body.kind === 'model-facts' ? [body.facts.weights_sha256] : [])),
  );
  const [first, ...others] = [...new Set(all)];
  if (first !== undefined && others.length === 0) return first;
  throw cannot(protocol, 'its runs were made on different weights');
}

function cannot({ finding, reference_model }: Protocol, why: string): Refusal {
  return new Refusal({
    code: 'no-reference',
    what: `${finding} has no reference values on ${reference_model}`,
    why,
    instead: 'look at that run with `recircuit runs show`; the finding must hold on its reference model first',
  });
}
