/**
 * Runs the graph on a run that is new or was cut off. The record is the truth: a checkpoint is used only where it says
 * nothing that the record does not say, and is dropped otherwise (see README.md).
 */
import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { Step } from '../src/contract/index.ts';
import { ACT, recordedCall } from './acts.ts';
import { buildGraph } from './graph.ts';
import type { AgentPorts } from './ports.ts';
import { type AgentState, GRAPH_VERSION } from './state.ts';

/** Well over the 200 acts that a planner may have, so that our own limit speaks first. */
const SUPERSTEPS = 1000;

/**
 * Contract: returns once the record holds a claim, a giving up or a failed gate; throws what a tool runner or recorder threw.
 * @param options.thread the run; @param options.checkpointer where the graph saves its walk
 */
export async function runAgent(
  ports: AgentPorts,
  { thread, checkpointer }: { thread: string; checkpointer: BaseCheckpointSaver },
): Promise<void> {
  const graph = buildGraph(ports, checkpointer);
  const config = { configurable: { thread_id: thread }, recursionLimit: SUPERSTEPS, durability: 'sync' as const };
  const saved = await graph.getState(config).catch(() => undefined);
  const goesOn =
    saved !== undefined && saved.next.length > 0 && agrees(saved.values as AgentState, ports.recorder.steps());
  if (!goesOn) await checkpointer.deleteThread(thread);
  await graph.invoke(goesOn ? null : { version: GRAPH_VERSION }, config);
}

/** True where the record holds everything that the checkpoint takes for done. The record may hold more. */
export function agrees(state: AgentState, steps: readonly Step[]): boolean {
  const has = (act: string) => steps.some((step) => step.act === act);
  return (
    state.version === GRAPH_VERSION &&
    (state.acts === 0 || recordedCall(steps, state.acts) !== undefined) &&
    (!state.planned || has(ACT.plan)) &&
    (!state.reviewed || has(ACT.review))
  );
}
