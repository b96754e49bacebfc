/** What a scripted model says: a file of turns, each with the faults that come before its answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { root } from '../../src/root.ts';

/** A request that brings no answer. */
const FaultOf = z.union([
  z.strictObject({
    status: z.number().int().min(400),
    type: z.string().optional(),
    message: z.string().optional(),
    retry_after: z.union([z.number(), z.string()]).optional().describe('header: seconds, or a date'),
  }),
  z.strictObject({
    stream: z.enum(['overloaded', 'cut', 'end', 'silence', 'garbage']),
    after: z.number().int().min(0).default(4).describe('events that are sent before'),
  }),
]);
export type FaultOf = z.infer<typeof FaultOf>;

const ScriptedTurn = z.strictObject({
  faults: z.array(FaultOf).default([]),
  thinking: z.string().optional(),
  say: z.string().optional(),
  call: z.strictObject({ tool: z.string(), input: z.record(z.string(), z.json()) }).optional(),
  also: z
    .strictObject({ tool: z.string(), input: z.record(z.string(), z.json()) })
    .optional()
    .describe('a second call in the same reply'),
  keep: z
    .number()
    .int()
    .optional()
    .describe('characters of the JSON of the input that are sent, though the reply looks whole'),
  stop: z
    .enum([
      'end_turn',
      'tool_use',
      'max_tokens',
      'refusal',
      'pause_turn',
      'stop_sequence',
      'model_context_window_exceeded',
    ])
    .optional()
    .describe('default: tool_use with a call, else end_turn'),
  pace_ms: z.number().min(0).default(0).describe('between two events'),
});
export type ScriptedTurn = z.infer<typeof ScriptedTurn>;

/** The tool of a reviewer, whose conversation is another. */
const REVIEW = 'review';

export const Script = z.strictObject({
  about: z.string(),
  turns: z.array(ScriptedTurn).min(1).describe('answered by the number of replies that a request holds already'),
  review: z
    .array(ScriptedTurn)
    .min(1)
    .prefault([{ call: { tool: REVIEW, input: { verdict: 'accept', remarks: [] } } }])
    .describe('the same for a reviewer, who is known by the tool that it is offered'),
});
export type Script = z.infer<typeof Script>;

/** What a model says to a request with these tools. */
export function turnsFor({ turns, review }: Script, tools: readonly string[]): readonly ScriptedTurn[] {
  return tools.includes(REVIEW) ? review : turns;
}

/** Reads evals/servers/scripts/<name>.yaml. */
export function readScript(name: string): Script {
  return Script.parse(parse(readFileSync(join(root, 'evals/servers/scripts', `${name}.yaml`), 'utf8')));
}
