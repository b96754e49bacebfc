/**
 * The graph's state: a cursor, nothing more. What happened is in the record, which every node reads first.
 * Only small plain JSON may stand here: LangGraph's saver corrupts bytes, bigints and class instances without a word.
 */
import { StateSchema } from '@langchain/langgraph';
import * as z from 'zod';

/** Raise it when nodes are renamed or their meaning changes: a checkpoint of another version is dropped. */
export const GRAPH_VERSION = 2;

export const State = new StateSchema({
  version: z.number().int().default(GRAPH_VERSION),
  /** Tool calls of the planner that have an outcome in the record. */
  acts: z.number().int().min(0).default(0),
  planned: z.boolean().default(false),
  /** The review of a first claim lies behind. */
  reviewed: z.boolean().default(false),
  /** The claim that waits to be sealed, as JSON text: planner output is never put into state unwrapped. */
  pending: z.string().nullable().default(null),
  done: z.enum(['below-gate', 'gave-up', 'claimed']).nullable().default(null),
});
export type AgentState = typeof State.State;
export type AgentUpdate = Partial<AgentState>;
export type Node = (state: AgentState) => Promise<AgentUpdate>;
