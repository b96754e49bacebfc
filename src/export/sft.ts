/**
 * Chat with tools, one JSON line for a run: fit for fine-tuning. It holds what an agent saw and did and nothing else; numbers of
 * the held-out half would teach the marks instead of the work. Which runs are worth learning from is said by `metadata.verdict`.
 */
import * as z from 'zod';
import { schemaForModel, tools } from '../../tools/index.ts';
import { Claim, type JsonObject, Plan, Refusal, type Run, type Step } from '../contract/index.ts';
import { conversation, type Message } from './conversation.ts';

/** Returns one line. @throws Refusal unfinished where the agent neither claimed, gave up nor met a closed gate */
export function sft(run: Run, steps: readonly Step[]): string {
  if (!steps.some(({ body }) => ends(body)))
    throw new Refusal({
      code: 'unfinished',
      what: `run ${run.run}`,
      why: 'the agent had not finished, so there is no whole example in it',
      instead: `finish it with \`recircuit run --resume ${run.run}\`, or export it as jsonl`,
    });
  const { finding, model, planner, seed, verdict } = run;
  const messages = conversation(run, steps).map(chat);
  const metadata = { run: run.run, finding, model, planner, seed, verdict };
  return `${JSON.stringify({ messages, tools: [...TOOLS, ...OWN], metadata })}\n`;
}

const ends = (body: Step['body']): boolean =>
  body.kind === 'claim' ||
  body.kind === 'gave-up' ||
  (body.kind === 'gate' && body.phase === 'search' && body.result.status === 'fail');

function chat(message: Message): JsonObject {
  const { role, content } = message;
  if (message.role === 'user') return { role, content };
  if (message.role === 'tool') return { role, tool_call_id: message.answers.id, name: message.answers.name, content };
  const { id, name, arguments: input } = message.call;
  return {
    role,
    content,
    tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } }],
  };
}

const offered = (name: string, description: string, parameters: JsonObject): JsonObject => ({
  type: 'function',
  function: { name, description, parameters },
});
const plain = (schema: z.ZodObject): JsonObject => schemaForModel({ input: schema });

const TOOLS = tools.map((tool) => offered(tool.name, tool.description, schemaForModel(tool)));
const OWN = [
  offered('plan', 'Seal the plan before any search.', plain(Plan)),
  offered('claim', 'Hand in the circuit; the protocol then measures it.', plain(Claim)),
  offered('give_up', 'End the run without a claim.', plain(z.strictObject({ reason: z.string().min(1).max(4000) }))),
];
