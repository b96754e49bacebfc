/**
 * Chat with tools, one JSON line for a run: fit for fine-tuning. It holds what an agent saw and did and nothing else; numbers of
 * the held-out half would teach the marks instead of the work. Tools are those that a language model is offered. Which runs are worth
 * learning from is said by `metadata.verdict`; which prompts stood before the first message, by the hashes in `metadata.settings`.
 */
import { offered } from '../../agents/index.ts';
import { type JsonObject, Refusal, type Run, type Step } from '../contract/index.ts';
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
  const opened = steps.find(({ body }) => body.kind === 'opened')?.body;
  const settings = (opened?.kind === 'opened' && opened.planner_settings) || {};
  const metadata = { run: run.run, finding, model, planner, settings, seed, verdict };
  return `${JSON.stringify({ messages, tools: TOOLS(), metadata })}\n`;
}

const ends = (body: Step['body']): boolean =>
  body.kind === 'claim' ||
  body.kind === 'gave-up' ||
  (body.kind === 'gate' && body.phase === 'search' && body.result.status === 'fail');

function chat(message: Message): JsonObject {
  const { role, content } = message;
  if (message.role === 'user') return { role, content };
  if (message.role === 'tool') return { role, tool_call_id: message.answers.id, name: message.answers.name, content };
  if (message.calls.length === 0) return { role, content };
  const calls = message.calls.map(({ id, name, arguments: input }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  return { role, content, tool_calls: calls };
}

const TOOLS = (): JsonObject[] =>
  offered().map(({ name, description, schema }) => ({
    type: 'function',
    function: { name, description, parameters: schema },
  }));
