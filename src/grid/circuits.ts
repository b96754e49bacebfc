/**
 * Two circuits of one model beside each other: what their claims share and how far their rankings agree, against chance. A circuit is
 * what a sealed run claimed; its ranking is what the verification measured of all heads.
 */
import { spearman } from '../../evals/checkers/index.ts';
import { Protocol, Refusal } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import { gridOf } from './grid.ts';
import { measuredRanking, type Ranking } from './measured.ts';
import { overlapOf, upperTail } from './statistics.ts';

export interface Circuit {
  readonly run: string;
  readonly finding: string;
  readonly model: string;
  readonly weights_sha256: string;
  readonly layers: number;
  readonly heads: number;
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** As the verification measured it; empty where it ranked nothing. */
  readonly ranking: Ranking;
}

export interface Shared {
  readonly a: string;
  readonly b: string;
  readonly components: readonly string[];
  readonly of: number;
  readonly by_chance: number;
  /** Components that random sets with as many in each layer share on average. */
  readonly by_chance_in_layers: number;
  readonly p: number;
}

export interface Beside {
  readonly a: Circuit;
  readonly b: Circuit;
  /** All roles together first, then role by role. */
  readonly shared: readonly Shared[];
  /** null: fewer than three heads are ranked by both. */
  readonly agreement: { readonly spearman: number; readonly heads: number; readonly p: number } | null;
}

/** @param name a run, the beginning of one, or a cell as `finding@model`. @throws Refusal where there is no claim, or one that was withdrawn */
export function circuitOf(record: RunRecord, name: string, artifacts: string): Circuit {
  const run = record.findRun(name.includes('@') ? runOfCell(record, name) : name);
  const bodies = record.steps(run.run).map(({ body }) => body);
  const claim = bodies.find((body) => body.kind === 'claim');
  const facts = bodies.find((body) => body.kind === 'model-facts');
  if (claim?.kind !== 'claim' || facts?.kind !== 'model-facts')
    throw refused(`run ${run.run}`, 'it claimed no circuit', 'name a run or cell that ended with a claim');
  if (run.withdrawn !== null)
    throw refused(
      `run ${run.run}`,
      `it was withdrawn: ${run.withdrawn}`,
      'name a run that counts, or run the cell again',
    );
  const { layers, heads, weights_sha256 } = facts.facts;
  const { finding, model } = run;
  const ranking = measuredRanking(Protocol.safeParse(run.protocol).data, bodies, artifacts);
  return { run: run.run, finding, model, weights_sha256, layers, heads, roles: claim.claim.roles, ranking };
}

/** @throws Refusal where the two are not of one model */
export function beside(a: Circuit, b: Circuit): Beside {
  if (a.weights_sha256 !== b.weights_sha256)
    throw refused(
      'two circuits',
      `one is of ${a.model} and the other of ${b.model}, and heads of different weights have nothing in common`,
      'name two circuits of one model',
    );
  const all = ({ roles }: Circuit): readonly string[] => [...new Set(Object.values(roles).flat())];
  const pairs = Object.entries(a.roles).flatMap(([one, first]) =>
    Object.entries(b.roles).map(([other, second]) => sharedBy(one, first, other, second, a)),
  );
  const single = pairs.length === 1;
  return {
    a,
    b,
    shared: single ? pairs : [sharedBy('all roles', all(a), 'all roles', all(b), a), ...pairs],
    agreement: agreementOf(a.ranking, b.ranking),
  };
}

function sharedBy(
  a: string,
  first: readonly string[],
  b: string,
  second: readonly string[],
  { layers, heads }: Circuit,
): Shared {
  const { of, by_chance, p } = overlapOf(first, second, layers * heads);
  const inLayer = (list: readonly string[], layer: number): number =>
    list.filter((one) => one.startsWith(`a${layer}.`)).length;
  const in_layers = Array.from(
    { length: layers },
    (_, layer) => (inLayer(first, layer) * inLayer(second, layer)) / heads,
  );
  return {
    a,
    b,
    components: first.filter((component) => second.includes(component)),
    of,
    by_chance,
    by_chance_in_layers: in_layers.reduce((sum, value) => sum + value, 0),
    p,
  };
}

/** The chance of a correlation at least as high is that of a normal variable with variance 1 / (heads - 1). */
function agreementOf(a: Ranking, b: Ranking): Beside['agreement'] {
  const both = [...a.keys()].filter((component) => b.has(component));
  if (both.length < 3) return null;
  const value = spearman(
    both.map((one) => a.get(one) as number),
    both.map((one) => b.get(one) as number),
  );
  if (!Number.isFinite(value)) return null;
  return { spearman: value, heads: both.length, p: upperTail(value * Math.sqrt(both.length - 1)) };
}

function runOfCell(record: RunRecord, name: string): string {
  const [finding, model] = name.split('@');
  const cells = gridOf(record).cells.filter((one) => one.finding === finding && one.model === model);
  const own = cells.find(({ signed_by }) => signed_by === null);
  if (own !== undefined) return own.latest;
  const why =
    cells.length > 0
      ? 'only another record measured it, and a bundle holds no rankings'
      : 'no run of this record is in it';
  throw refused(`the cell ${name}`, why, 'run it, or name another cell as finding@model');
}

function refused(what: string, why: string, instead: string): Refusal {
  return new Refusal({ code: 'no-circuit', what, why, instead });
}
