/** Chooses the planner of a job. With a replaced claim its name says so, in the run and in its first step. */
import { Action, type Planner, plannerNamed, plannerNames } from '../../agents/index.ts';
import type { ModelFacts } from '../contract/index.ts';
import { unknownName } from '../protocol/index.ts';
import type { ReplaceClaim } from './options.ts';
import { outside } from './outside.ts';

const REPLACED = ', claim replaced';

/** @param asked a planner, or a name, as a run's record has it too. @throws Refusal for an unknown name */
export function choosePlanner(asked: string | Planner, replace: ReplaceClaim | undefined): Planner {
  const planner = typeof asked === 'string' ? named(asked.replace(REPLACED, '')) : asked;
  return replace ? replacing(planner, replace) : planner;
}

/** Returns the planner of that name. @throws Refusal for an unknown name, before anything is recorded under it */
export function plannerCalled(name: string): Planner {
  return named(name);
}

function named(name: string): Planner {
  const planner = plannerNamed(name, outside);
  if (planner) return planner;
  throw unknownName('planner', name, plannerNames);
}

/** A replaced claim is meant to be a wrong one: no experiment of the run can stand behind it, and none is asked for. */
export function evidenceIsAsked(planner: string): boolean {
  return !planner.endsWith(REPLACED);
}

function replacing(planner: Planner, replace: ReplaceClaim): Planner {
  return {
    ...planner,
    id: `${planner.id}${REPLACED}`,
    async next(observation, means) {
      const answer = await planner.next(observation, means);
      const parsed = Action.safeParse(answer);
      if (!parsed.success || parsed.data.kind !== 'claim') return answer;
      return { ...parsed.data, claim: replace(parsed.data.claim, observation.facts as ModelFacts, observation.seed) };
    },
  };
}
