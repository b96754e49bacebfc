/** Under which conditions the numbers of a run come about. It goes on under the same ones, with the same record, or not at all. */
import {
  canonicalJson,
  type Hello,
  hashOf,
  type JsonObject,
  type ModelFacts,
  Refusal,
  type StepBody,
  type StepOf,
} from '../contract/index.ts';
import { type RunRecord, verifyRun } from '../store/index.ts';
import type { Prepared } from './resolve.ts';

export function openedBody(
  prepared: Pick<Prepared, 'protocol' | 'model' | 'planner' | 'engine' | 'seed' | 'splits' | 'budget'>,
  versions: Pick<Hello, 'python' | 'torch' | 'transformers' | 'worker'>,
): StepOf<'opened'> {
  const { protocol, model, planner, engine, seed, splits, budget } = prepared;
  return {
    kind: 'opened',
    finding: protocol.finding,
    protocol_sha256: hashOf(protocol),
    model,
    planner: planner.id,
    ...(planner.settings ? { planner_settings: planner.settings } : {}),
    engine,
    seed,
    split_sha256: splits,
    versions: { ...versions },
    ...(budget ? { budget } : {}),
  };
}

/** @throws Refusal naming what is different now */
export function refuseOtherConditions(run: string, before: StepBody, now: StepOf<'opened'>): void {
  const then = before as unknown as JsonObject;
  const differing = Object.entries(now).filter(
    ([key, value]) => canonicalJson(then[key] ?? null) !== canonicalJson(value),
  );
  if (differing.length === 0) return;
  throw new Refusal({
    code: 'other-conditions',
    what: `run ${run} cannot go on`,
    why: `it was opened with ${differing.map(([key]) => `${key} ${canonicalJson(then[key] ?? null)}, now ${canonicalJson(now[key as keyof typeof now])}`).join('; ')}`,
    instead: 'restore what has changed, or start a new run',
  });
}

/** Outcomes in the record are not measured again, so a record that was altered is not gone on with. @throws Refusal record-altered */
export function refuseAltered(record: RunRecord, run: string, artifacts: string): void {
  const { problems } = verifyRun(record, run, { artifacts });
  const [first] = problems;
  if (first === undefined) return;
  throw new Refusal({
    code: 'record-altered',
    what: `run ${run} cannot go on`,
    why: `its record is not what was written: ${first.what}${problems.length > 1 ? `, and ${problems.length - 1} more` : ''}`,
    instead: 'restore the record from a copy, or start a new run',
  });
}

/** @param search the facts that the search half was measured on, if any were recorded. @throws Refusal other-weights */
export function refuseOtherWeights(search: StepBody | undefined, { model, weights_sha256 }: ModelFacts): void {
  if (search?.kind !== 'model-facts' || search.facts.weights_sha256 === weights_sha256) return;
  throw new Refusal({
    code: 'other-weights',
    what: `the model ${model} was opened again`,
    why: `its weights are ${weights_sha256.slice(0, 12)}, and the search was on ${search.facts.weights_sha256.slice(0, 12)}`,
    instead: 'restore the weights, or start a new run',
  });
}
