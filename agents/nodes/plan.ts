/** Asks for the plan and seals it, before any act of the search. */
import { hashOf } from '../../src/contract/index.ts';
import { ACT } from '../acts.ts';
import { ask } from '../ask.ts';
import { observe } from '../observation.ts';
import { planProblems } from '../plan-problems.ts';
import type { AgentPorts } from '../ports.ts';
import type { Node } from '../state.ts';
import { giveUp } from './give-up.ts';

export const plan =
  (ports: AgentPorts): Node =>
  async (state) => {
    const observation = observe(ports, state);
    if (observation.plan !== null) return { planned: true };
    const action = await ask(ports, {
      question: ACT.plan,
      observation,
      wanted: ['plan'],
      problemOf: (answer) => (answer.kind === 'plan' ? planProblems(answer.plan, ports.view).join('; ') || null : null),
    });
    if (action.kind !== 'plan') return giveUp(ports, action.kind === 'give-up' ? action.reason : 'no plan');
    ports.recorder.record(ACT.plan, { kind: 'plan', plan: action.plan, sha256: hashOf(action.plan) });
    return { planned: true };
  };
