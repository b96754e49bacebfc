/** What an agent outside is told of the question that waits for it: the newest message, or the whole story in few lines. */
import type { Json, JsonObject } from '../../../src/contract/index.ts';
import { escaped } from '../../show/data.ts';
import type { Asked, Message } from '../language/asked.ts';

export interface Told {
  readonly text: string;
  /** True where the last call could not be used, or was refused. */
  readonly error: boolean;
}

export function newest({ messages }: Asked): Told {
  const blocks = messages.at(-1)?.content ?? [];
  return { text: textOf(blocks), error: blocks.some((block) => block['is_error'] === true) };
}

/** For one who has not heard the beginning, or has lost it: the first message, a line for each call since, and the newest message. */
export function fromTheStart(asked: Asked): Told {
  const [first, ...later] = asked.messages;
  if (later.length === 0) return newest(asked);
  const calls = later.slice(0, -1).flatMap((message, index) => lineOf(message, later[index + 1]));
  const { text, error } = newest(asked);
  const since = ['What was done since, one call a line:', ...calls].join('\n');
  const told = [textOf(first?.content ?? []), since, 'The newest message:', text];
  return { text: told.join('\n\n'), error };
}

function textOf(blocks: readonly JsonObject[]): string {
  return blocks.map((block) => String(block['text'] ?? block['content'] ?? '')).join('\n');
}

/** A call, and what came of it: a result's receipt, or the first line of what was said. */
function lineOf({ role, content }: Message, answer: Message | undefined): string[] {
  if (role !== 'assistant') return [];
  const said = textOf(answer?.content ?? []).split('\n');
  const outcome = said[0]?.startsWith('<data') ? said[1] : said[0];
  return content.map((call) => `- ${escaped(`${String(call['name'])} ${brief(call['input'])}`)}: ${outcome ?? ''}`);
}

const WIDTH = 200;

function brief(input: Json | undefined): string {
  const text = JSON.stringify(input ?? {});
  return text.length > WIDTH ? `${text.slice(0, WIDTH)}…` : text;
}
