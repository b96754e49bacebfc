/** One question to a planner: its answer is validated, and sent back with the reason when it does not hold. */
import { Action } from './action.ts';
import { REPAIRS, readAnswer } from './answer.ts';
import { Conversation } from './conversation.ts';
import type { AgentPorts, Observation } from './ports.ts';
import { PurseEmpty, refuseWhenSpent } from './purse.ts';

/** What is asked: `question` names it in the record, e.g. `search/03`. */
export interface Question {
  readonly question: string;
  readonly observation: Observation;
  readonly wanted: readonly Action['kind'][];
  /** What is wrong with an answer of a wanted kind, or null. */
  readonly problemOf?: (action: Action) => string | null;
}

type Asking = Pick<AgentPorts, 'planner' | 'recorder' | 'purse' | 'signal'>;

/**
 * Returns an action of one of the kinds that are wanted and in which `problemOf` finds nothing.
 * Contract: asks at most 1 + 3 times, or as the planner says, and never when the budget is spent; after that the answer is `give-up`,
 * which is always allowed.
 */
export async function ask(ports: Asking, question: Question): Promise<Action> {
  try {
    return await asked(ports, question);
  } catch (error) {
    if (error instanceof PurseEmpty) return { kind: 'give-up', reason: error.message };
    throw error;
  }
}

async function asked(
  { planner, recorder, purse, signal }: Asking,
  { question, observation, wanted, problemOf = () => null }: Question,
): Promise<Action> {
  const means = { conversation: new Conversation(recorder, question, purse), signal };
  const { repairs = REPAIRS } = planner;
  let complaint: string | null = null;
  for (let attempt = 0; attempt <= repairs; attempt++) {
    refuseWhenSpent(purse);
    // A copy: a planner that writes into what it is shown changes neither its limits nor what its answer is held against.
    const answer = await planner.next(structuredClone({ ...observation, complaint }), means);
    const read = readAnswer(Action, answer);
    if ('wrong' in read) {
      complaint = read.wrong;
      continue;
    }
    const action = read.said;
    if (action.kind === 'give-up') return action;
    complaint = wanted.includes(action.kind)
      ? problemOf(action)
      : `a ${action.kind} is not wanted now; wanted: ${wanted.join(' or ')}`;
    if (complaint === null) return action;
  }
  return { kind: 'give-up', reason: `no valid action after ${repairs} repairs: ${complaint}`.slice(0, 4000) };
}
