/** How long one tool call may take. The limit ends a worker that hangs; it is not meant to hurry one that works. */

import type { Tool } from '../../tools/index.ts';
import type { ModelFacts } from '../contract/index.ts';

export const CALL_MS = 600_000;
/** Tokens of a long prompt, and multiply-adds a second of one slow core; ten times as long as that is a hang. */
const TOKENS = 256;
const FLOPS = { cpu: 2e9, cuda: 2e12 };
/** What one forward costs beside arithmetic: hooks, Python, a busy machine. */
const OVERHEAD_MS = 50;
const PATIENCE = 10;

/** Returns the limit of one call in ms: `least`, or ten times the estimate where that is more. */
export function callLimit(tool: Tool, input: unknown, facts: ModelFacts, least: number): number {
  const { forwards, rows } = tool.cost(input as never, facts);
  const flops = facts.device.startsWith('cuda') ? FLOPS.cuda : FLOPS.cpu;
  const forwardMs = OVERHEAD_MS + (1000 * 2 * facts.parameters * TOKENS) / flops;
  // Timers of Node hold 31 bits of milliseconds.
  return Math.min(2 ** 31 - 1, Math.max(least, PATIENCE * (forwards + rows) * forwardMs));
}
