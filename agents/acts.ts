/** Names of the agent's acts: stable, so that a run that is resumed names the same thing the same way. */
import type { Step, StepOf } from '../src/contract/index.ts';

export const ACT = {
  facts: 'facts/search',
  gate: 'gate/search',
  plan: 'plan',
  review: 'review',
  claim: 'claim',
  gaveUp: 'gave-up',
} as const;

const SEARCH = 'search/';
const GATE = `${ACT.gate}/`;

/** Returns the act of the n-th tool call of the planner, n from 1: `search/03-sweep`. */
export function searchAct(n: number, name: string): string {
  return `${SEARCH}${String(n).padStart(2, '0')}-${name}`;
}

export function gateAct(name: string): string {
  return `${GATE}${name}`;
}

/** Returns the name under which the planner or the gate keeps the result of an act, or undefined for other acts. */
export function nameOf(act: string): string | undefined {
  if (act.startsWith(GATE)) return act.slice(GATE.length);
  return act.startsWith(SEARCH) ? /^\d+-(.+)$/.exec(act.slice(SEARCH.length))?.[1] : undefined;
}

/** The recorded call at the planner's n-th position: it wins over whatever a planner would say now. */
export function recordedCall(steps: readonly Step[], n: number): Step<StepOf<'tool-call'>> | undefined {
  const prefix = searchAct(n, '');
  return steps.find(
    (step): step is Step<StepOf<'tool-call'>> => step.body.kind === 'tool-call' && step.act.startsWith(prefix),
  );
}

/** True once the agent's part of the record is complete: it claimed, gave up, or met a gate that it did not pass. */
export function agentIsDone(steps: readonly Step[]): boolean {
  return steps.some(
    ({ act, body }) =>
      act === ACT.claim ||
      act === ACT.gaveUp ||
      (act === ACT.gate && body.kind === 'gate' && body.result.status === 'fail'),
  );
}

export function reviewIn(steps: readonly Step[]): StepOf<'review'> | undefined {
  return steps.flatMap(({ body }) => (body.kind === 'review' ? [body] : []))[0];
}

/** Whether the walk has passed the review: a graph that starts anew meets it again where it was made. */
export function reviewLiesBehind({ after }: StepOf<'review'>, walk: { acts: number; reviewed: boolean }): boolean {
  return walk.reviewed || walk.acts > after;
}
