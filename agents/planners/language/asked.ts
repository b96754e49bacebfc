/**
 * One request to a language model, rebuilt from the recorded turns, so that a resumed run sends what the first would have sent.
 * Content blocks are text, tool_use and tool_result; a provider's own spelling is made by its sender.
 */
import type { Json, JsonObject, Usage } from '../../../src/contract/index.ts';
import type { Turn } from '../../conversation.ts';
import type { OfferedTool } from '../../offer/offered.ts';

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: readonly JsonObject[];
}

export interface Asked {
  readonly model: string;
  readonly system: string;
  readonly tools: readonly OfferedTool[];
  /** The first is the finding, told once; they alternate, and the last is the user's. */
  readonly messages: readonly Message[];
  /** Over after a turn or two: not worth a long cache. */
  readonly brief?: true;
}

/** @param to who is asked, as what, and with which tools; @param folded how many of the first turns are sent with their results folded; @param told what is new */
export function askedOf(
  to: Omit<Asked, 'messages'>,
  turns: readonly Turn[],
  folded: number,
  told: readonly Json[],
): Asked {
  const messages: Message[] = [];
  const add = (role: Message['role'], content: readonly Json[]): void => {
    const last = messages.at(-1);
    const blocks = content as JsonObject[];
    if (blocks.length === 0) return;
    if (last?.role === role) messages[messages.length - 1] = { role, content: [...last.content, ...blocks] };
    else messages.push({ role, content: blocks });
  };
  turns.forEach((turn, index) => {
    add('user', index < folded ? turn.told.map(foldedBlock) : turn.told);
    add(
      'assistant',
      turn.reply.content.flatMap((block) => sendable(block, turn.folded === folded && turn.model === to.model)),
    );
  });
  add('user', told);
  return { ...to, messages };
}

/** Turns before the newest few are folded when the last request was larger than this. */
export interface ContextLimit {
  readonly tokens: number;
  /** Turns that stay whole. */
  readonly whole: number;
}

/** Returns how many turns to fold now. It only grows, and in large steps, since each change costs the cached history. */
export function foldedNow(turns: readonly Turn[], { tokens, whole }: ContextLimit): number {
  const last = turns.at(-1);
  if (last === undefined) return 0;
  if (overflowed(last)) return turns.length;
  return (sizeOf(last.reply.usage) ?? estimated(turns)) > tokens
    ? Math.max(last.folded, turns.length - whole)
    : last.folded;
}

/** The provider found the request, or request and answer, larger than its window. */
export const TOO_LONG = 'model_context_window_exceeded';

export function overflowed({ reply }: Turn): boolean {
  return reply.stop_reason === TOO_LONG;
}

function sizeOf(usage: Usage | null): number | null {
  return usage && Object.values(usage).reduce((sum, count) => sum + count, 0);
}

const CHARACTERS = 4;

/** For servers that do not count: what was said so far, at four characters a token. */
function estimated(turns: readonly Turn[]): number {
  const said = turns.map(({ told, reply }) => JSON.stringify([told, reply.content]).length);
  return said.reduce((sum, length) => sum + length, 0) / CHARACTERS;
}

const RESULT = '<data kind="result">\n';

/** A result becomes its receipt: the first line of what was shown. */
function foldedBlock(block: Json): Json {
  const { content, ...rest } = block as JsonObject;
  if (rest['type'] !== 'tool_result' || typeof content !== 'string' || !content.startsWith(RESULT)) return block;
  const receipt = content.slice(RESULT.length).split('\n')[0] ?? '';
  return { ...rest, content: `${RESULT}${receipt}\n(folded; \`more\` shows it again)\n</data>` };
}

/**
 * What was recorded of an input that is no JSON is not sent back. Thinking and its signatures are bound to the model and the
 * conversation in which they arose, so they are left out once earlier turns have been folded since, and in a fork that asks another model.
 */
function sendable(block: Json, itsOwn: boolean): Json[] {
  const { unparsed: _, thought_signature, ...rest } = block as JsonObject;
  if (itsOwn) return [thought_signature === undefined ? rest : { ...rest, thought_signature }];
  return String(rest['type']).endsWith('thinking') ? [] : [rest];
}
