/** The parts of the Chat Completions API that a request may have, and what the API refuses of them. */
import * as z from 'zod';

const Call = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});
const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('user'), content: z.string().min(1) }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.string().nullable().optional(),
    tool_calls: z.array(Call).min(1).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: z.string(), tool_call_id: z.string() }),
]);
export type Message = z.infer<typeof Message>;

/** Strict: what the planner is not meant to send is refused, also where the API would take it. */
export const Request = z.strictObject({
  model: z.string(),
  messages: z.array(Message).min(1),
  tools: z.array(
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: z.string().regex(/^[\w-]{1,64}$/),
        description: z.string(),
        parameters: z.looseObject({ type: z.literal('object') }),
      }),
    }),
  ),
  parallel_tool_calls: z.literal(false),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }),
  max_tokens: z.number().int().min(1).optional(),
  max_completion_tokens: z.number().int().min(1).optional(),
});
export type Request = z.infer<typeof Request>;

/** Returns why the API would refuse a request of the right shape, or null. */
export function objection({ model, tools, messages, max_tokens }: Request): string | null {
  if (/^(o\d|gpt-5)/.test(model) && max_tokens !== undefined) {
    return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
  }
  if (new Set(tools.map((tool) => tool.function.name)).size < tools.length) return 'tools: names must be unique';
  if (messages.at(-1)?.role === 'assistant') return 'messages: the last one is of the assistant';
  return unpaired(messages);
}

/** Every call is answered right after its message, and nothing else is. */
function unpaired(messages: readonly Message[]): string | null {
  let open: string[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.includes(message.tool_call_id)) {
        return `messages.${index}: messages with role 'tool' must be a response to a preceding message with 'tool_calls'`;
      }
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) {
      return `messages.${index}: an assistant message with 'tool_calls' must be followed by tool messages; missing ${open.join(', ')}`;
    }
    if (message.role === 'assistant') open = (message.tool_calls ?? []).map(({ id }) => id);
  }
  return open.length > 0 ? `tool messages are missing for ${open.join(', ')}` : null;
}
