/** The first step of a run: under which conditions its numbers come about. A run goes on under the same ones or not at all. */
import {
  canonicalJson,
  type Hello,
  hashOf,
  type JsonObject,
  Refusal,
  type StepBody,
  type StepOf,
} from '../contract/index.ts';
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
