/** Puts the facts of the open model at the head of the search. They were found and proven at load. */
import { ACT } from '../acts.ts';
import type { AgentPorts } from '../ports.ts';
import type { Node } from '../state.ts';

export const read =
  (ports: AgentPorts): Node =>
  async () => {
    ports.recorder.record(ACT.facts, { kind: 'model-facts', phase: 'search', facts: ports.facts });
    return {};
  };
