/** The turns of a planner that asked a language model, as messages: what it was told, word for word, and what it answered. */
import type { Json, JsonObject, Step } from '../contract/index.ts';
import type { Call, Message } from './conversation.ts';

/** True for a turn of the review, which is another conversation with another prompt. */
export function isAside({ act }: Step): boolean {
  return act.startsWith('review/turn/');
}

/** Returns the messages of one step: those of a turn, or the reply to it. Acts follow from replies, so they add nothing. */
export function spoken({ act, body }: Step, calls: ReadonlyMap<string, Call>): Message[] {
  if (body.kind === 'turn') return body.told.flatMap((block, index) => told(`${act}/${index}`, block, calls));
  if (body.kind !== 'reply') return [];
  const blocks = body.content as JsonObject[];
  const content = blocks.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : [])).join('\n');
  return [{ role: 'assistant', id: act, content, calls: blocks.filter(({ type }) => type === 'tool_use').map(called) }];
}

function told(id: string, block: Json, calls: ReadonlyMap<string, Call>): Message[] {
  const { type, text, tool_use_id, content, is_error } = block as JsonObject;
  if (type === 'text') return [{ role: 'user', id, content: String(text) }];
  const answers = calls.get(String(tool_use_id));
  return answers === undefined
    ? []
    : [{ role: 'tool', id, content: String(content), answers, refused: is_error === true }];
}

/** What came as input and was no JSON is kept as text. */
function called({ id, name, input, unparsed }: JsonObject): Call {
  const whole = typeof input === 'object' && input !== null && !Array.isArray(input);
  return { id: String(id), name: String(name), arguments: whole ? input : { unparsed: unparsed ?? input ?? null } };
}
