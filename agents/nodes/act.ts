/** One act of the search: the recorded call where the record has one, else what the planner asks for. */
import type { JsonObject } from '../../src/contract/index.ts';
import type { Action, ActionOf } from '../action.ts';
import { recordedCall, searchAct } from '../acts.ts';
import { ask } from '../ask.ts';
import { claimProblems } from '../claim-problems.ts';
import { observe } from '../observation.ts';
import { servesProblems } from '../plan-problems.ts';
import type { AgentPorts, Observation } from '../ports.ts';
import type { AgentState, AgentUpdate, Node } from '../state.ts';
import { giveUp } from './give-up.ts';

export const act =
  (ports: AgentPorts): Node =>
  async (state) => {
    const position = state.acts + 1;
    const recorded = recordedCall(ports.recorder.steps(), position);
    if (recorded) {
      const { tool, input, serves, because } = recorded.body;
      await ports.tools.call(recorded.act, tool, input as JsonObject, { serves, because });
      return { acts: position };
    }
    const observation = observe(ports, state);
    const action = await ask(ports, {
      question: `${searchAct(position, '').slice(0, -1)}${observation.review === null ? '' : '/reviewed'}`,
      observation,
      wanted: ['tool', 'claim'],
      problemOf: (answer) => problemOf(answer, observation),
    });
    return perform(ports, state, observation, action);
  };

function problemOf(action: Action, observation: Observation): string | null {
  if (action.kind === 'claim') return claimProblems(action.claim, observation).join('; ') || null;
  if (action.kind !== 'tool') return null;
  const { results, refusals } = observation;
  const taken = action.name in results || refusals.some(({ name }) => name === action.name);
  return (
    [
      ...(taken ? [`the name ${action.name} is taken: choose another`] : []),
      ...servesProblems(`the call ${action.name}`, action.serves, observation.protocol.criteria),
    ].join('; ') || null
  );
}

async function perform(
  ports: AgentPorts,
  state: AgentState,
  observation: Observation,
  action: Action,
): Promise<AgentUpdate> {
  if (action.kind === 'give-up') return giveUp(ports, action.reason);
  if (action.kind === 'claim') return { pending: JSON.stringify(action.claim) };
  if (observation.remaining <= 0)
    return giveUp(ports, `budget: all ${state.acts} tool calls are made, and no claim was handed in`);
  const { name, tool, input, serves, because } = action as ActionOf<'tool'>;
  await ports.tools.call(searchAct(state.acts + 1, name), tool, input, { serves, because });
  return { acts: state.acts + 1 };
}
