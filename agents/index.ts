/** The public face of the room. LangGraph is imported when an agent runs, so that a command's help does not wait for it. */
import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { AgentPorts } from './ports.ts';

export { Action } from './action.ts';
export { agentIsDone } from './acts.ts';
export { offered } from './offer/offered.ts';
export {
  type Connection,
  LEFT,
  type Outside,
  type Person,
  Prompts,
  plannerNamed,
  plannerNames,
} from './planners/index.ts';
export { scripted } from './planners/scripted.ts';
export type {
  AgentPorts,
  AgentView,
  Means,
  Observation,
  Planner,
  Purpose,
  Recorder,
  ToolOutcome,
  ToolRunner,
} from './ports.ts';
export { showRefusal, showResult } from './show/result.ts';

/** Runs the agent; see run-agent.ts. */
export async function runAgent(
  ports: AgentPorts,
  options: { thread: string; checkpointer: BaseCheckpointSaver },
): Promise<void> {
  const agent = await import('./run-agent.ts');
  await agent.runAgent(ports, options);
}
