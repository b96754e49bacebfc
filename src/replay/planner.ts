/** Who answers in a replay: the planner itself where its answers follow from what it is shown, else the answers in the record. */
import { type Action, type Planner, plannerNamed } from '../../agents/index.ts';
import type { Step } from '../contract/index.ts';

/** Planners that are functions of their observation. */
const RERUN: ReadonlySet<string> = new Set(['scripted']);

export interface ReplayPlanner {
  readonly planner: Planner;
  readonly how: 'asked again' | 'from the record';
}

export function replayPlanner(id: string, steps: readonly Step[]): ReplayPlanner {
  const known = RERUN.has(id) ? plannerNamed(id) : undefined;
  return known === undefined
    ? { planner: recordedPlanner(id, steps), how: 'from the record' }
    : { planner: known, how: 'asked again' };
}

/** Gives the recorded actions in order. It counts what it has said by what it is shown, so that it keeps no state. */
function recordedPlanner(id: string, steps: readonly Step[]): Planner {
  const plan = steps.flatMap((step) => actionOf(step)).find(({ kind }) => kind === 'plan');
  const others = steps.flatMap((step) => actionOf(step)).filter(({ kind }) => kind !== 'plan');
  return {
    id,
    next: async (observation) => {
      if (observation.plan === null) return plan ?? others.at(-1) ?? null;
      const said = new Set([...Object.keys(observation.results), ...observation.refusals.map(({ name }) => name)]);
      return others.find((action) => action.kind !== 'tool' || !said.has(action.name)) ?? null;
    },
  };
}

/** The planner's action behind a step; steps that are not its own give none. */
function actionOf({ act, body }: Step): Action[] {
  if (body.kind === 'plan') return [{ kind: 'plan', plan: body.plan }];
  if (body.kind === 'claim') return [{ kind: 'claim', claim: body.claim }];
  if (body.kind === 'gave-up') return [{ kind: 'give-up', reason: body.reason }];
  const name = /^search\/\d+-(.+)$/.exec(act)?.[1];
  if (body.kind !== 'tool-call' || name === undefined) return [];
  const { tool, input, serves, because } = body;
  return [{ kind: 'tool', name, tool, input, serves, because }];
}
