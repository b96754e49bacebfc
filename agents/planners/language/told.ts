/** What a language model is told next: the finding at first, then what became of its last tool call. */
import type { Json, JsonObject, Remark } from '../../../src/contract/index.ts';
import type { Turn } from '../../conversation.ts';
import type { Observation } from '../../ports.ts';
import { remarksText } from '../../reviewer/told.ts';
import { data } from '../../show/data.ts';
import { showRefusal, showResult } from '../../show/result.ts';

export interface Answer {
  readonly text: string;
  readonly error?: boolean;
}

/** Returns the tool calls of a turn's reply. */
export function callsOf({ reply }: Pick<Turn, 'reply'>): { id: string; name: string; input: Json; unparsed: Json }[] {
  return (reply.content as JsonObject[])
    .filter(({ type }) => type === 'tool_use')
    .map(({ id, name, input, unparsed }) => ({
      id: String(id),
      name: String(name),
      input: input ?? null,
      unparsed: unparsed ?? null,
    }));
}

/** Answers every tool call of the last reply, as the wire asks: the first with `answer`, others with the reason why they were not run. */
export function answered(last: Turn, { text, error }: Answer): JsonObject[] {
  const [first, ...others] = callsOf(last);
  if (first === undefined) return [{ type: 'text', text }];
  return [
    { type: 'tool_result', tool_use_id: first.id, content: text, ...(error ? { is_error: true } : {}) },
    ...others.map(({ id }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: 'Not run: one tool call at a time.',
      is_error: true,
    })),
  ];
}

export function sentBack(complaint: string): Answer {
  return { text: `This cannot be used: ${complaint}\nMend it and answer again.`, error: true };
}

/** What became of the last reply: sent back with the reason, or the outcome of what it asked for. */
export function outcomeOf(last: Turn, observation: Observation): Answer {
  const { complaint, results, refusals, remaining, review } = observation;
  if (complaint !== null) return sentBack(complaint);
  const [call] = callsOf(last);
  const left = `${remaining} experiments are left.`;
  if (call?.name === 'plan') return { text: `The plan is sealed. ${left}` };
  if (call?.name === 'claim' && review !== null) return { text: `${reviewText(review)}\n${left}` };
  const name = String((call?.input as JsonObject | undefined)?.['name']);
  const result = results[name];
  if (result) return { text: `${showResult(name, result)}\n${left}` };
  const refusal = refusals.find((one) => one.name === name);
  if (refusal) return { text: `${showRefusal(refusal)}\n${left}`, error: true };
  return { text: `Go on. ${left}` };
}

function reviewText(remarks: readonly Remark[]): string {
  return `A reviewer read the search and asks for one more round:\n${data('review', remarksText(remarks))}\nMake further experiments, or hand in again, the same claim or a better one. There is no second review.`;
}
