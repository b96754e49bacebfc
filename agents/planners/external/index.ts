/**
 * An agent outside, such as a coding agent over MCP, decides. It is asked in turns like a language model: what it was told and what
 * it called stand in the record, are bound by the same rules, and come out again in a replay.
 */
import { Refusal } from '../../../src/contract/index.ts';
import type { Planner } from '../../ports.ts';
import type { Prompts } from '../language/opening.ts';
import { languagePlanner, type Sender } from '../language/planner.ts';

export const EXTERNAL = 'external';

/** How much it keeps in mind is its own matter. */
const CONTEXT = { tokens: Number.POSITIVE_INFINITY, whole: 0 };

/** @param desk where it is met; without one the planner can only be replayed */
export function external({ prompts, desk = nobody }: { prompts: Prompts; desk?: Sender }): Planner {
  return languagePlanner({ id: EXTERNAL, model: EXTERNAL, prompts, sender: desk, context: CONTEXT });
}

const nobody: Sender = { settings: {}, check: refuse, send: async () => refuse() };

function refuse(): never {
  throw new Refusal({
    code: 'no-client',
    what: 'the planner external',
    why: 'its decisions come from an agent that is connected over MCP, and none is',
    instead: 'connect one to `recircuit mcp` and let it call start_run, or resume_run for a run that it began',
  });
}
