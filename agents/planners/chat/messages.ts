/** Blocks of our conversation as LangChain's messages. */
import type { AIMessage as AI, BaseMessage } from '@langchain/core/messages';
import type { JsonObject } from '../../../src/contract/index.ts';
import type { Asked, Message } from '../language/asked.ts';

type Classes = Pick<
  typeof import('@langchain/core/messages'),
  'AIMessage' | 'HumanMessage' | 'SystemMessage' | 'ToolMessage'
>;

/** Where LangChain's Google class keeps what Gemini wants back with a call. */
export const SIGNATURES = '__gemini_function_call_thought_signatures__';

/** @param classes handed in, since they are loaded when a model is first asked */
export function messagesOf({ system, messages }: Asked, classes: Classes): BaseMessage[] {
  return [
    new classes.SystemMessage(system),
    ...messages.flatMap((message) => (message.role === 'user' ? told(message, classes) : [said(message, classes)])),
  ];
}

/** Results come first, each in a message of its own. */
function told({ content }: Message, { HumanMessage, ToolMessage }: Classes): BaseMessage[] {
  const results = content.filter(({ type }) => type === 'tool_result');
  const text = textOf(content);
  return [
    ...results.map(
      ({ tool_use_id, content: result, is_error }) =>
        new ToolMessage({
          tool_call_id: String(tool_use_id),
          content: String(result),
          status: is_error === true ? 'error' : 'success',
        }),
    ),
    ...(text === '' ? [] : [new HumanMessage(text)]),
  ];
}

function said({ content }: Message, { AIMessage }: Classes): AI {
  const calls = content.filter(({ type }) => type === 'tool_use');
  const signatures = calls.flatMap(({ id, thought_signature }) =>
    thought_signature === undefined ? [] : [[String(id), thought_signature]],
  );
  return new AIMessage({
    content: textOf(content),
    tool_calls: calls.map(({ id, name, input }) => ({
      id: String(id),
      name: String(name),
      args: input as JsonObject,
      type: 'tool_call' as const,
    })),
    additional_kwargs: signatures.length > 0 ? { [SIGNATURES]: Object.fromEntries(signatures) } : {},
  });
}

function textOf(content: Message['content']): string {
  return content.flatMap(({ type, text }) => (type === 'text' ? [String(text)] : [])).join('\n\n');
}
