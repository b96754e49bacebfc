/** One question to a planner: its answer is validated, and sent back with the reason when it does not hold. */
import * as z from 'zod';
import { Action } from './action.ts';
import type { Observation, Planner } from './ports.ts';

const REPAIRS = 3;

/**
 * Returns an action of one of the kinds that are wanted and in which `problemOf` finds nothing.
 * Contract: asks at most 1 + 3 times; after that the answer is `give-up`, which is always allowed.
 */
export async function ask(
  planner: Planner,
  observation: Observation,
  wanted: readonly Action['kind'][],
  problemOf: (action: Action) => string | null = () => null,
): Promise<Action> {
  let complaint: string | null = null;
  for (let attempt = 0; attempt <= REPAIRS; attempt++) {
    const parsed = Action.safeParse(await planner.next({ ...observation, complaint }));
    if (!parsed.success) {
      complaint = z.prettifyError(parsed.error);
      continue;
    }
    const action = parsed.data;
    if (action.kind === 'give-up') return action;
    complaint = wanted.includes(action.kind)
      ? problemOf(action)
      : `a ${action.kind} is not wanted now; wanted: ${wanted.join(' or ')}`;
    if (complaint === null) return action;
  }
  return { kind: 'give-up', reason: `no valid action after ${REPAIRS} repairs: ${complaint}`.slice(0, 4000) };
}
