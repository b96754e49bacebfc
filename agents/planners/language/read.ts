/** Reads a reply strictly: a call of a tool whose input is whole, or what becomes of a reply that is none. */
import type { Json } from '../../../src/contract/index.ts';
import type { Unusable } from '../../answer.ts';
import type { Reply } from '../../conversation.ts';
import { callsOf } from './told.ts';

type Read =
  | { readonly kind: 'called'; readonly name: string; readonly input: Json }
  | Unusable
  | { readonly kind: 'refused' }
  | { readonly kind: 'paused' };

/** Only a reply that ended in a tool call is acted on: any other may be cut, and what was cut may look whole. @param tools in words */
export function read(reply: Reply, tools: string): Read {
  const [call] = callsOf({ reply });
  switch (reply.stop_reason) {
    case 'tool_use':
      if (call === undefined) return unusable('the reply ends for a tool call and holds none');
      if (call.unparsed !== null) return unusable(`the input of ${call.name} is no complete JSON`);
      return { kind: 'called', name: call.name, input: call.input };
    case 'refusal':
      return { kind: 'refused' };
    case 'max_tokens':
      return unusable('the reply was cut at its limit of tokens: answer more briefly, with one tool call');
    case 'pause_turn':
      return { kind: 'paused' };
    default:
      return unusable(`answer with one tool call: ${tools}`);
  }
}

function unusable(why: string): Unusable {
  return { kind: 'unusable', why };
}
