/**
 * Cells of the grid: what the runs of one finding on one model say together. Pure functions of evidence, of what was published
 * and of what holds now; a run that no longer holds is left out as long as one is left that does.
 */
import { check } from '../../evals/checkers/index.ts';
import {
  type Criterion,
  PooledCell,
  type PublishedCell,
  type RunEvidence,
  type VerdictName,
} from '../contract/index.ts';
import type { Present } from './present.ts';
import { rankingFor } from './rankings.ts';
import { overlapOf, wilson } from './statistics.ts';

/** A run's evidence, with the fingerprint of the record that it comes from; null: made here. */
export interface Sourced {
  readonly evidence: RunEvidence;
  readonly signed_by: string | null;
}

/** Returns a cell for each finding, model and record, in that order. */
export function pool(runs: readonly Sourced[], published: readonly PublishedCell[], now: Present): PooledCell[] {
  const fallen = fallenWith(runs.map(({ evidence }) => evidence));
  const groups = new Map<string, Sourced[]>();
  for (const run of runs) groups.set(keyOf(run), [...(groups.get(keyOf(run)) ?? []), run]);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => cellOf(group, published, (run) => reasons(run, now, fallen)));
}

const keyOf = ({ evidence, signed_by }: Sourced): string =>
  [evidence.finding, evidence.model, signed_by ?? ''].join('\n');

/** Runs that rest on a withdrawn one, at any distance -> the withdrawn run. */
function fallenWith(runs: readonly RunEvidence[]): Map<string, string> {
  const roots = new Map(runs.flatMap(({ run, withdrawn }) => (withdrawn === null ? [] : [[run, run] as const])));
  for (let before = -1; before !== roots.size; ) {
    before = roots.size;
    for (const { run, rests_on } of runs) {
      const cause = rests_on.map((name) => roots.get(name)).find((name) => name !== undefined);
      if (cause !== undefined && !roots.has(run)) roots.set(run, cause);
    }
  }
  return roots;
}

function reasons(run: RunEvidence, now: Present, fallen: ReadonlyMap<string, string>): string[] {
  const protocol = now.protocols.get(run.finding);
  const weights = now.weights.get(run.model);
  const revision = now.revisions.get(run.model);
  const worker = run.versions['worker'];
  const cause = fallen.get(run.run);
  return [
    ...(protocol === undefined ? ['its finding is not among ours'] : []),
    ...(protocol !== undefined && protocol !== run.protocol_sha256 ? ['its protocol has changed since'] : []),
    ...(weights !== undefined && run.weights_sha256 !== null && weights !== run.weights_sha256
      ? ['the weights of the model have changed since']
      : []),
    ...(revision !== undefined && run.revision !== null && revision !== run.revision
      ? ['the card pins another revision of the model']
      : []),
    ...(worker === now.worker
      ? []
      : [`the engine was of worker ${String(worker ?? 'unknown')} and is of ${now.worker} now`]),
    ...(cause !== undefined && cause !== run.run ? [`it rests on run ${cause}, which was withdrawn`] : []),
  ];
}

type Reasons = (run: RunEvidence) => string[];

function cellOf(group: readonly Sourced[], published: readonly PublishedCell[], stale: Reasons): PooledCell {
  const all = group.map(({ evidence }) => evidence).sort((a, b) => (age(a) < age(b) ? -1 : 1));
  const alive = all.filter(({ withdrawn }) => withdrawn === null);
  const holding = alive.filter((run) => stale(run).length === 0);
  const counted = holding.length > 0 ? holding : alive;
  const latest = (counted.at(-1) ?? all.at(-1)) as RunEvidence;
  const verdict = mostFrequent(counted);
  return PooledCell.parse({
    behaviour: latest.behaviour,
    finding: latest.finding,
    model: latest.model,
    organism: latest.organism,
    verdict,
    runs: counted.length,
    agreeing: counted.filter((run) => run.verdict.verdict === verdict).length,
    verdicts: countsOf(counted),
    latest: latest.run,
    withdrawn: all.flatMap(({ run, withdrawn }) => (withdrawn === null ? [] : [{ run, because: withdrawn }])),
    share: shareOf(counted),
    agreement: agreementOf(counted),
    nulls: nullsOf(counted),
    published: counted.flatMap((run) => againstPublished(run, published)),
    protocol: latest.protocol_sha256,
    counted: counted.map(({ run }) => run),
    left_out: alive
      .filter((run) => !counted.includes(run))
      .map((run) => ({ run: run.run, because: stale(run).join('; ') })),
    stale: holding.length > 0 ? [] : [...new Set(counted.flatMap(stale))],
    signed_by: group[0]?.signed_by ?? null,
  });
}

const age = ({ ended_at, run }: RunEvidence): string => `${ended_at} ${run}`;

function countsOf(runs: readonly RunEvidence[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of runs) counts[verdict.verdict] = (counts[verdict.verdict] ?? 0) + 1;
  return counts;
}

/** Of equally frequent verdicts the one that was given last. */
function mostFrequent(runs: readonly RunEvidence[]): VerdictName | null {
  const counts = countsOf(runs);
  const most = Math.max(0, ...Object.values(counts));
  return runs.findLast(({ verdict }) => counts[verdict.verdict] === most)?.verdict.verdict ?? null;
}

/** A run that measured too little to decide is none that failed to reproduce it. */
function shareOf(runs: readonly RunEvidence[]): PooledCell['share'] {
  const decided = runs.filter(({ verdict }) => verdict.verdict !== 'inconclusive').length;
  const reproduced = runs.filter(({ verdict }) => verdict.verdict === 'reproduced').length;
  return { reproduced, of: decided, ...wilson(reproduced, decided) };
}

/** Each component once, whatever roles it has. */
const claimed = ({ claim }: RunEvidence): string[] => [...new Set(Object.values(claim?.roles ?? {}).flat())];

function agreementOf(runs: readonly RunEvidence[]): PooledCell['agreement'] {
  const claims = runs.filter((run) => run.all_heads !== null && claimed(run).length > 0);
  const pairs = claims.flatMap((a, i) =>
    claims.slice(i + 1).map((b) => overlapOf(claimed(a), claimed(b), Number(a.all_heads))),
  );
  if (pairs.length === 0) return null;
  const mean = (read: (pair: (typeof pairs)[number]) => number): number =>
    pairs.reduce((sum, pair) => sum + read(pair), 0) / pairs.length;
  return {
    pairs: pairs.length,
    share: mean(({ shared, of }) => shared / of),
    by_chance: mean(({ by_chance, of }) => by_chance / of),
    p: Math.max(...pairs.map(({ p }) => p)),
  };
}

/** Puts each control set in the place of the claim and asks the same checker, with the other sets as its null. */
function nullsOf(runs: readonly RunEvidence[]): PooledCell['nulls'] {
  const tallies = new Map<string, { passing: number; of: number }>();
  for (const { verdict, null_thresholds } of runs) {
    for (const { id, weight, null_values } of verdict.criteria) {
      const threshold = null_thresholds[id];
      if (threshold === undefined || weight === 'flag' || null_values.length < 2) continue;
      const passing = null_values.filter((value, i) => passes(value, null_values.toSpliced(i, 1), threshold)).length;
      const before = tallies.get(id) ?? { passing: 0, of: 0 };
      tallies.set(id, { passing: before.passing + passing, of: before.of + null_values.length });
    }
  }
  return [...tallies].map(([criterion, { passing, of }]) => ({ criterion, passing, of, ...wilson(passing, of) }));
}

function passes(own: number, others: readonly number[], threshold: number): boolean {
  const criterion: Criterion = {
    id: 'Null',
    says: 'a control set in place of the claim',
    weight: 'core',
    kind: 'exceeds-null',
    value: 'own',
    null: 'others[]',
    threshold: { value: threshold, because: 'as for the claim' },
  };
  return check(criterion, { values: { own, others: [...others] }, references: {}, unmeasured: {} }).status === 'pass';
}

function againstPublished(run: RunEvidence, published: readonly PublishedCell[]): PooledCell['published'] {
  const { finding, model, claim, all_heads } = run;
  if (claim === null || all_heads === null) return [];
  return published
    .filter((cell) => cell.card === model && cell.finding === finding)
    .flatMap((cell) => {
      const ranking = rankingFor(cell);
      if (ranking === null) return [];
      const heads = (ranking.role === null ? undefined : claim.roles[ranking.role]) ?? claimed(run);
      const list = ranking.ordered ? ranking.heads.slice(0, heads.length) : ranking.heads;
      const source = `${cell.source.repository ?? cell.source.paper}${cell.source.commit === null ? '' : ` ${cell.source.commit}`}`;
      return [{ run: run.run, source, role: ranking.role ?? 'all roles', ...overlapOf(heads, list, all_heads) }];
    });
}
