/**
 * The protocol's own measurements, on the held-out half, in a worker that no agent has used. The agent's share in it is the
 * sealed claim and nothing else.
 */
import type { ToolRunner } from '../../agents/index.ts';
import { check, type Evidence, verdictOf } from '../../evals/checkers/index.ts';
import type {
  Criterion,
  CriterionResult,
  JsonObject,
  ModelFacts,
  Protocol,
  SealedClaim,
  StepBody,
  Verdict,
} from '../contract/index.ts';
import { type ControlSets, type MeasureCall, measure, type Scope } from '../expression/index.ts';
import { drawControl } from './controls.ts';

export interface Verification {
  readonly protocol: Protocol;
  readonly model: string;
  readonly facts: ModelFacts;
  readonly tasks: readonly string[];
  readonly seed: number;
  /** The sealed claim, or why there is none. */
  readonly claim: SealedClaim | null;
  readonly noClaim: string;
  /** `own`: the ranking known for this very model, if one is; the others by model card. */
  readonly references: Evidence['references'];
  readonly tools: ToolRunner;
  readonly record: (act: string, body: StepBody) => unknown;
}

/** Returns the verdict, with every step that led to it recorded. @throws what a tool runner or recorder throws */
export async function verify(job: Verification): Promise<Verdict> {
  job.record('facts/held-out', { kind: 'model-facts', phase: 'verify', facts: job.facts });
  const scope: Scope = { values: {}, run: { seed: job.seed }, behaviour: { tasks: [...job.tasks] } };
  const measured = await measure(
    job.protocol.gate.measure,
    scope,
    caller(job, 'gate/held-out', 'gate of the protocol'),
  );
  const gate = check(job.protocol.gate.criterion, { ...measured, references: {} });
  job.record('gate/held-out', { kind: 'gate', phase: 'verify', result: gate });
  if (gate.status === 'fail') return verdictOf(gate, []);
  if (job.claim === null) return { verdict: 'inconclusive', because: job.noClaim, gate, criteria: [] };
  const results = await checkClaim(
    job,
    job.claim,
    { ...scope, values: measured.values, claim: job.claim },
    measured.unmeasured,
  );
  return verdictOf(gate, results);
}

async function checkClaim(
  job: Verification,
  claim: SealedClaim,
  scope: Scope,
  before: Record<string, string>,
): Promise<CriterionResult[]> {
  const sets: Record<string, string[][]> = {};
  for (const control of job.protocol.controls) {
    const drawn: ControlSets = drawControl(control, claim, job.facts, job.seed);
    job.record(`controls/${control.control}`, { kind: 'control-sets', control: control.control, ...drawn });
    sets[control.control] = drawn.sets;
  }
  const { values, unmeasured } = await measure(
    job.protocol.measurements.filter((item) => holdsOn(job.model, 'models' in item ? item.models : undefined)),
    scope,
    caller(job, 'verify', 'measurement of the protocol'),
    sets,
  );
  const evidence: Evidence = {
    values: { ...values, claim: claim.roles },
    unmeasured: { ...before, ...unmeasured },
    references: job.references,
  };
  return criteriaFor(job).map((criterion) => check(criterion, evidence));
}

/** Criteria that name models hold on those alone; the others of the known-model set need a ranking of this very model. */
function criteriaFor({ protocol, model, references }: Verification): Criterion[] {
  const { known_model, new_model } = protocol.criteria;
  const known = known_model.filter(({ models }) => models !== undefined || 'own' in references);
  return [...new_model, ...known].filter(({ models }) => holdsOn(model, models));
}

function holdsOn(model: string, models: readonly string[] | undefined): boolean {
  return models === undefined || models.includes(model);
}

function caller({ tools }: Verification, prefix: string, because: string) {
  return ({ item, input, set }: MeasureCall) => {
    const act = set === null ? `${prefix}/${item.name}` : `${prefix}/${item.name}/${String(set).padStart(2, '0')}`;
    return tools.call(act, item.tool, input as JsonObject, { serves: item.serves, because });
  };
}
