/** The planner's view of the run, rebuilt from the record each time it is asked. */
import type { Step, StepOf } from '../src/contract/index.ts';
import { nameOf, reviewIn, reviewLiesBehind } from './acts.ts';
import type { AgentPorts, NamedRefusal, NamedResult, Observation } from './ports.ts';
import type { AgentState } from './state.ts';

const MOST_ACTS = 200;

/** How many tool calls a planner gets: what the budget says, else three times the published procedure; 200 at most. */
function actLimit({ view, purse }: Pick<AgentPorts, 'view' | 'purse'>): number {
  return Math.min(MOST_ACTS, purse.calls ?? view.procedure.length * 3);
}

export function observe(ports: AgentPorts, walk: Pick<AgentState, 'acts' | 'reviewed'>): Observation {
  const steps = ports.recorder.steps();
  const review = reviewIn(steps);
  return {
    protocol: ports.view,
    facts: ports.facts,
    seed: ports.seed,
    plan: steps.map(({ body }) => (body.kind === 'plan' ? body.plan : null)).find((plan) => plan !== null) ?? null,
    ...outcomes(steps),
    remaining: actLimit(ports) - walk.acts,
    review: review && reviewLiesBehind(review, walk) ? review.remarks : null,
    complaint: null,
  };
}

function outcomes(steps: readonly Step[]): Pick<Observation, 'results' | 'refusals'> {
  const calls = new Map<string, StepOf<'tool-call'>>();
  const results: Record<string, NamedResult> = {};
  const refusals: NamedRefusal[] = [];
  for (const { act, body } of steps) {
    if (body.kind === 'tool-call') calls.set(act, body);
    if (body.kind !== 'tool-result' && body.kind !== 'refusal') continue;
    const name = nameOf(body.call);
    if (name === undefined) continue;
    const { tool = '', input = {} } = calls.get(body.call) ?? {};
    if (body.kind === 'tool-result') results[name] = { act: body.call, tool, input, output: body.output };
    else refusals.push({ act: body.call, name, tool, failure: body.failure });
  }
  return { results, refusals };
}
