/**
 * The server's own tools: opening, watching and leaving a run, and what can be looked at. Experiments, plan and claim are not here:
 * they are those that every agent is offered (agents/offer). None reads a criterion's threshold, held-out material, or a file.
 */
import * as z from 'zod';
import { systemOf } from '../../agents/index.ts';
import { Seed } from '../contract/index.ts';
import { outside } from '../job/index.ts';
import { loadModelCard, loadProtocol } from '../protocol/index.ts';
import type { Answer } from './answer.ts';
import { heatMap, listFindings, listModels, resultOf, Sealed } from './looks.ts';
import { serving } from './serving.ts';
import type { Session } from './session.ts';
import { told } from './words.ts';

/** How a call waits for what is under way: no longer than `ms`, with progress told meanwhile. */
export type Wait = (ms: number) => Promise<void>;

export interface ServerTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output?: z.ZodObject;
  readonly readOnly: boolean;
  run(input: never, session: Session, wait: Wait): Promise<Answer> | Answer;
}

/** How long a call may take before it says that something is under way. Clients give up on a call after a minute. */
export const GRACE_MS = 1500;
const MOST_SECONDS = 45;

const Nothing = z.strictObject({});
const Start = z.strictObject({
  finding: z.string().describe('a name of list_findings'),
  model: z.string().describe('a name of list_models'),
  seed: Seed.default(0).describe('of all pseudo-random choices'),
});
const Resume = z.strictObject({ run: z.string().describe('its id, or the beginning of it') });
const Observe = z.strictObject({
  wait_s: z.number().min(0).max(MOST_SECONDS).default(20).describe('seconds to wait for what is under way, at most'),
  from_start: z.boolean().default(false).describe('tell the finding, model, gate and every call so far again'),
});
const Result = z.strictObject({
  run: z.string().nullable().default(null).describe('its id, or the beginning of it; null: the run that was open last'),
});
const HeatMapOf = z.strictObject({ of: z.string().describe('name of one of your results, such as ranked') });

export const serverTools: readonly ServerTool[] = [
  {
    name: 'guide',
    description:
      'How runs are driven here and what the craft asks. Read it once, where the instructions of this server were not shown to you.',
    input: Nothing,
    readOnly: true,
    run: () => ({ text: guide() }),
  },
  {
    name: 'list_findings',
    description: 'The findings that can be reproduced.',
    input: Nothing,
    readOnly: true,
    run: listFindings,
  },
  {
    name: 'list_models',
    description: 'The models on which a finding can be tried.',
    input: Nothing,
    readOnly: true,
    run: listModels,
  },
  {
    name: 'start_run',
    description:
      'Open a run of a finding on a model: the model is loaded and the gate measured, then it is your turn. One run at a time.',
    input: Start,
    readOnly: false,
    run: (asked: z.infer<typeof Start>, session, wait) => {
      loadProtocol(asked.finding);
      loadModelCard(asked.model);
      session.start(asked);
      return afterwards(session, wait, GRACE_MS);
    },
  },
  {
    name: 'resume_run',
    description: 'Go on with a run of yours that was left or cut off. You are told everything that was done so far.',
    input: Resume,
    readOnly: false,
    run: ({ run }: z.infer<typeof Resume>, session, wait) => {
      session.resume(run);
      return afterwards(session, wait, GRACE_MS, true);
    },
  },
  {
    name: 'observe',
    description:
      'Wait a while for what is under way and say where the run stands; where it is your turn, what you were told last.',
    input: Observe,
    readOnly: true,
    run: async ({ wait_s, from_start }: z.infer<typeof Observe>, session, wait) => ({
      ...(await afterwards(session, wait, wait_s * 1000, from_start)),
      error: session.standing.state === 'failed',
    }),
  },
  {
    name: 'cancel',
    description:
      'End the experiment that is under way. It is recorded as refused and counts as an experiment; the run goes on.',
    input: Nothing,
    readOnly: false,
    run: async (_, session, wait) => {
      const act = session.cancelCall();
      if (act === null) return { text: 'No experiment of yours is under way, so nothing was cancelled.', error: true };
      await wait(MOST_SECONDS * 1000);
      return { ...told(session.standing), error: false };
    },
  },
  {
    name: 'leave_run',
    description: 'Stop the worker and leave the run as it is. It can be resumed and counts as nothing until then.',
    input: Nothing,
    readOnly: false,
    run: async (_, session) => {
      await session.leave();
      return told(session.standing);
    },
  },
  {
    name: 'result',
    description: 'The verdict of a run, once the claim was measured and the run is sealed.',
    input: Result,
    output: Sealed,
    readOnly: true,
    run: ({ run }: z.infer<typeof Result>, session) => resultOf(session, run ?? session.standing.run),
  },
  {
    name: 'heat_map',
    description: 'A result of yours over layers and heads as a picture: rank_heads, attention_scores, copy_scores.',
    input: HeatMapOf,
    readOnly: true,
    run: ({ of }: z.infer<typeof HeatMapOf>, session) => heatMap(session, of),
  },
];

/** Who an agent is here, the craft, how to work, and what is special about this server. */
export function guide(): string {
  return `${systemOf(outside.prompts())}\n\n${serving}`;
}

/** Waits, and says where the run stands then. */
export async function afterwards(session: Session, wait: Wait, ms: number, whole = false): Promise<Answer> {
  await wait(ms);
  return told(session.standing, whole);
}
