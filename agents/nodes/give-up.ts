/** The one way in which the agent stops without a claim. */
import { ACT } from '../acts.ts';
import type { AgentPorts } from '../ports.ts';
import type { AgentUpdate } from '../state.ts';

export function giveUp(ports: AgentPorts, reason: string): AgentUpdate {
  ports.recorder.record(ACT.gaveUp, { kind: 'gave-up', reason });
  return { done: 'gave-up' };
}
