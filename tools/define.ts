/** The one shape of a tool. A definition describes; it never runs anything. */
import type * as z from 'zod';
import type { ModelFacts } from '../src/contract/index.ts';

/** What a call is expected to cost before it runs. */
export interface Cost {
  /** Whole-model passes over one prompt. */
  readonly forwards: number;
  /** Edited copies of a prompt: a pass each to the reference engine, its last tokens only to the fast one. */
  readonly rows: number;
  /** How the number comes about, in words. */
  readonly because: string;
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** Also the wire method and the Python module. */
  readonly name: string;
  /** Read by planners: what it measures and when to use it. */
  readonly description: string;
  /** Where it runs: in the worker that holds the model, or in the orchestrator. */
  readonly runs: 'worker' | 'orchestrator';
  readonly input: I;
  readonly output: O;
  /** Contract: never throws for an input that `input` accepts. */
  readonly cost: (input: z.infer<I>, facts: ModelFacts) => Cost;
}

export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool<I, O> {
  return tool;
}
