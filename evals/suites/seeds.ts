/**
 * How far a verdict can be trusted: the same job under many seeds, and as many in which the claim is replaced by random heads of
 * equal number in the same layers before it is sealed. `npm run calibration:seeds` writes seeds.md and seeds.json here.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CriterionResult, Fault, type Run, type VerdictName } from '../../src/contract/index.ts';
import { runJob } from '../../src/job/index.ts';
import { openRecord, type RunRecord } from '../../src/store/index.ts';
import { workerPython } from '../../src/worker/index.ts';
import { randomClaim } from './random-claim.ts';
import { inParallel, table } from './shared.ts';

export interface CalibrationPlan {
  readonly finding: string;
  readonly model: string;
  readonly seeds: readonly number[];
  readonly at_once: number;
  readonly onRun?: (outcome: Outcome) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly claim: 'agent' | 'random';
  readonly verdict: VerdictName | null;
  readonly because: string;
  /** All claimed components, best first; of a random claim, the ones that replaced them. */
  readonly components: readonly string[];
  /** Criterion id -> measured value; null where unmeasured. */
  readonly measured: Readonly<Record<string, number | null>>;
}

export interface Calibration {
  readonly finding: string;
  readonly model: string;
  readonly weights_sha256: string;
  readonly protocol_sha256: string;
  readonly outcomes: readonly Outcome[];
  /** Shared share of the smaller claim, over all pairs of seeds. */
  readonly overlap: { readonly mean: number; readonly least: number };
}

export async function calibrate(plan: CalibrationPlan): Promise<Calibration> {
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-calibration-'));
  const record = openRecord(join(folder, 'runs.db'));
  try {
    const cases = plan.seeds.flatMap((seed) => [
      { seed, claim: 'agent' as const },
      { seed, claim: 'random' as const },
    ]);
    const runs = await inParallel(cases, plan.at_once, async (one) => {
      const found = await runOne(plan, record, folder, one);
      plan.onRun?.(found.outcome);
      return found;
    });
    const outcomes = runs.map(({ outcome }) => outcome);
    const [first] = runs.flatMap(({ run }) => run ?? []);
    const protocol_sha256 = first?.protocol_sha256 ?? '';
    const weights_sha256 = weightsIn(record, first?.run ?? '');
    return {
      finding: plan.finding,
      model: plan.model,
      weights_sha256,
      protocol_sha256,
      outcomes,
      overlap: overlapOf(outcomes),
    };
  } finally {
    record.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that the machinery fails has no verdict; it is counted as such and does not end the others. */
async function runOne(
  plan: CalibrationPlan,
  record: RunRecord,
  folder: string,
  { seed, claim }: Pick<Outcome, 'seed' | 'claim'>,
): Promise<{ run?: Run; outcome: Outcome }> {
  const means = {
    record,
    artifacts: join(folder, 'artifacts'),
    checkpoints: join(folder, `${seed}-${claim}.db`),
    python: workerPython(),
  };
  const replace = claim === 'random' ? randomClaim : undefined;
  try {
    const run = await runJob({
      ...means,
      finding: plan.finding,
      model: plan.model,
      planner: 'scripted',
      seed,
      claim: replace,
    });
    if (run.state === 'cancelled') throw new Error('the suite was stopped by a signal');
    return { run, outcome: outcomeOf(record, run, seed, claim) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { outcome: { seed, claim, verdict: null, because: error.message, components: [], measured: {} } };
  }
}

function outcomeOf(record: RunRecord, run: Run, seed: number, claim: Outcome['claim']): Outcome {
  const bodies = record.steps(run.run).map(({ body }) => body);
  const verdict = bodies.find((body) => body.kind === 'verdict');
  const claimed = bodies.find((body) => body.kind === 'claim');
  const results: readonly CriterionResult[] = verdict?.kind === 'verdict' ? verdict.verdict.criteria : [];
  return {
    seed,
    claim,
    verdict: run.verdict,
    because: verdict?.kind === 'verdict' ? verdict.verdict.because : run.note,
    components: claimed?.kind === 'claim' ? Object.values(claimed.claim.roles).flat() : [],
    measured: Object.fromEntries(results.map(({ id, measured }) => [id, measured])),
  };
}

function weightsIn(record: RunRecord, run: string): string {
  const facts = record.steps(run).find(({ body }) => body.kind === 'model-facts')?.body;
  return facts?.kind === 'model-facts' ? facts.facts.weights_sha256 : '';
}

function overlapOf(outcomes: readonly Outcome[]): Calibration['overlap'] {
  const claims = outcomes
    .filter(({ claim, components }) => claim === 'agent' && components.length > 0)
    .map(({ components }) => components);
  const shares = claims.flatMap((a, index) =>
    claims
      .slice(index + 1)
      .map((b) => a.filter((component) => b.includes(component)).length / Math.min(a.length, b.length)),
  );
  if (shares.length === 0) return { mean: 0, least: 0 };
  return { mean: shares.reduce((sum, share) => sum + share, 0) / shares.length, least: Math.min(...shares) };
}

/** Returns the committed page: what was asked, what came out, and how much twenty runs can tell. */
export function page(calibration: Calibration): string {
  const { finding, model, outcomes, overlap, weights_sha256, protocol_sha256 } = calibration;
  const ours = outcomes.filter(({ claim }) => claim === 'agent');
  const random = outcomes.filter(({ claim }) => claim === 'random');
  return `# Calibration of ${finding} on ${model}

Made by \`npm run calibration:seeds\`; do not edit. Weights ${weights_sha256.slice(0, 12)}, protocol ${protocol_sha256.slice(0, 12)}.

## The agent's own claims: ${counts(ours)}

${ours.length > 1 ? `Two seeds share ${percent(overlap.mean)} of the smaller claim on average, ${percent(overlap.least)} at least.` : 'One seed alone has nothing to overlap with.'}

${results(ours)}

## Claims replaced by random heads of equal number and layers: ${counts(random)}

${results(random)}

${bound(random)}
`;
}

function counts(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(({ verdict }) => verdict ?? 'no verdict'))];
  return names
    .map((name) => `${outcomes.filter(({ verdict }) => (verdict ?? 'no verdict') === name).length} ${name}`)
    .join(', ');
}

function results(outcomes: readonly Outcome[]): string {
  const ids = [...new Set(outcomes.flatMap(({ measured }) => Object.keys(measured)))];
  const value = (number: number | null | undefined): string =>
    typeof number === 'number' ? String(Number(number.toPrecision(3))) : 'unmeasured';
  const rows = outcomes.map(({ seed, verdict, components, measured }) => [
    String(seed),
    verdict ?? 'no verdict',
    components.join(' '),
    ...ids.map((id) => value(measured[id])),
  ]);
  return table(['seed', 'verdict', 'heads', ...ids], rows);
}

/** With none among n, the share is below 3/n at 95 % (the rule of three). */
function bound(random: readonly Outcome[]): string {
  const wrong = random.filter(({ verdict }) => verdict === 'reproduced').length;
  if (wrong > 0)
    return `${wrong} of ${random.length} random claims were called reproduced: the protocol is too lenient on this model.`;
  return `None of ${random.length} random claims was called reproduced, so at most ${percent(Math.min(1, 3 / random.length))} would be, at 95 % confidence.`;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** True where the verdict is the same for every seed and no random claim is called reproduced. */
export function holds({ outcomes }: Calibration): boolean {
  const verdicts = new Set(outcomes.filter(({ claim }) => claim === 'agent').map(({ verdict }) => verdict));
  return (
    verdicts.size === 1 &&
    !verdicts.has(null) &&
    outcomes.every(({ claim, verdict }) => claim === 'agent' || (verdict !== null && verdict !== 'reproduced'))
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      finding: { type: 'string', default: 'function-vector-heads' },
      model: { type: 'string', default: 'icl-gemma2' },
      seeds: { type: 'string', default: '20' },
      'at-once': { type: 'string', default: '1' },
      out: { type: 'string', default: dirname(fileURLToPath(import.meta.url)) },
    },
  });
  const calibration = await calibrate({
    finding: values.finding,
    model: values.model,
    seeds: Array.from({ length: Number(values.seeds) }, (_, index) => index + 1),
    at_once: Number(values['at-once']),
    onRun: ({ seed, claim, verdict, because }) =>
      process.stderr.write(`seed ${seed}, ${claim} claim: ${verdict ?? 'no verdict'}. ${because}\n`),
  });
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'seeds.md'), page(calibration));
  writeFileSync(join(values.out, 'seeds.json'), `${JSON.stringify(calibration, null, 1)}\n`);
  process.stdout.write(page(calibration));
  process.exitCode = holds(calibration) ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
