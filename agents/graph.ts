/** Nodes and edges, nothing else: read -> gate -> plan -> act (loop) -> review (once back to act) -> claim. */
import { type BaseCheckpointSaver, END, START, StateGraph } from '@langchain/langgraph';
import { act } from './nodes/act.ts';
import { claim } from './nodes/claim.ts';
import { gate } from './nodes/gate.ts';
import { plan } from './nodes/plan.ts';
import { read } from './nodes/read.ts';
import { review } from './nodes/review.ts';
import type { AgentPorts } from './ports.ts';
import { type AgentState, State } from './state.ts';

export function buildGraph(ports: AgentPorts, checkpointer: BaseCheckpointSaver) {
  const unlessDone =
    <To extends string>(to: To) =>
    (state: AgentState) =>
      state.done === null ? to : END;
  return new StateGraph(State)
    .addNode('read', read(ports))
    .addNode('gate', gate(ports))
    .addNode('plan', plan(ports))
    .addNode('act', act(ports))
    .addNode('review', review(ports))
    .addNode('claim', claim(ports))
    .addEdge(START, 'read')
    .addEdge('read', 'gate')
    .addConditionalEdges('gate', unlessDone('plan'), ['plan', END])
    .addConditionalEdges('plan', unlessDone('act'), ['act', END])
    .addConditionalEdges('act', (state: AgentState) => (state.pending === null ? unlessDone('act')(state) : 'review'), [
      'act',
      'review',
      END,
    ])
    .addConditionalEdges('review', (state: AgentState) => (state.pending === null ? 'act' : 'claim'), ['act', 'claim'])
    .addEdge('claim', END)
    .compile({ checkpointer, name: 'reproduce' });
}
