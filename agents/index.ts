/** The public face of the room. LangGraph is imported when an agent runs, so that a command's help does not wait for it. */
import type { BaseCheckpointSaver } from '@langchain/langgraph';
import type { AgentPorts } from './ports.ts';

export { Action } from './action.ts';
export { agentIsDone, nameOf } from './acts.ts';
export { type OfferedTool, offered } from './offer/offered.ts';
export {
  type Connection,
  Desk,
  EXTERNAL,
  external,
  fromTheStart,
  LEFT,
  newest,
  type Outside,
  type OutsideCall,
  type Person,
  Prompts,
  plannerNamed,
  plannerNames,
  systemOf,
  type Told,
} from './planners/index.ts';
export type { Asked } from './planners/language/asked.ts';
export { scripted } from './planners/scripted.ts';
export type {
  AgentPorts,
  AgentView,
  Means,
  Observation,
  Planner,
  Purpose,
  Purse,
  Recorder,
  ToolOutcome,
  ToolRunner,
} from './ports.ts';
export { isOpinion, type Opinion } from './reviewer/opinion.ts';
export { data, escaped } from './show/data.ts';
export { showRefusal, showResult } from './show/result.ts';

/** Runs the agent; see run-agent.ts. */
export async function runAgent(
  ports: AgentPorts,
  options: { thread: string; checkpointer: BaseCheckpointSaver },
): Promise<void> {
  const agent = await import('./run-agent.ts');
  await agent.runAgent(ports, options);
}
