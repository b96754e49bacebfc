/** The parts of the Messages API that a request may have, and what the API refuses of them. */
import * as z from 'zod';

const Cache = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
const marked = { cache_control: Cache.optional() };

const Text = z.strictObject({ type: z.literal('text'), text: z.string().min(1), ...marked });
const ToolUse = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.json()),
  ...marked,
});
const ToolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.string(),
  is_error: z.boolean().optional(),
  ...marked,
});
const Thinking = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().min(1) });
const Block = z.discriminatedUnion('type', [Text, ToolUse, ToolResult, Thinking]);
export type Block = z.infer<typeof Block>;

const Message = z.strictObject({ role: z.enum(['user', 'assistant']), content: z.array(Block).min(1) });
const Tool = z.strictObject({
  name: z.string().regex(/^[\w-]{1,128}$/),
  description: z.string(),
  input_schema: z.looseObject({ type: z.literal('object') }),
  ...marked,
});

/** Strict: sampling parameters, among others, are refused. */
export const Request = z.strictObject({
  model: z.string(),
  max_tokens: z.number().int().min(1),
  stream: z.literal(true),
  system: z.array(Text),
  tools: z.array(Tool),
  tool_choice: z.strictObject({ type: z.literal('auto'), disable_parallel_tool_use: z.boolean().optional() }),
  messages: z.array(Message).min(1),
});
export type Request = z.infer<typeof Request>;

/** Returns why the API would refuse a request of the right shape, or null. */
export function objection({ system, tools, messages }: Request): string | null {
  if (new Set(tools.map(({ name }) => name)).size < tools.length) return 'tools: tool names must be unique';
  if (messages[0]?.role !== 'user') return 'messages: first message must use the user role';
  if (messages.at(-1)?.role !== 'user')
    return 'messages: the final position must be the user role; prefill is not supported';
  const marks = [...tools, ...system, ...messages.flatMap(({ content }) => content)].flatMap((block) =>
    'cache_control' in block && block.cache_control ? [block.cache_control] : [],
  );
  if (marks.length > 4) return 'A maximum of 4 blocks with cache_control may be provided';
  const short = marks.findIndex(({ ttl }) => ttl !== '1h');
  if (short >= 0 && marks.slice(short).some(({ ttl }) => ttl === '1h')) {
    return "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block";
  }
  return unpaired(messages);
}

/** Every tool call is answered in the very next message, first of all, and nothing else is. */
function unpaired(messages: Request['messages']): string | null {
  for (const [index, { role, content }] of messages.entries()) {
    const before = index === 0 ? [] : (messages[index - 1]?.content ?? []);
    const asked = before.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
    const given = content.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
    if (role === 'assistant' && messages[index - 1]?.role === 'assistant')
      return `messages.${index}: roles must alternate`;
    if (asked.join() !== given.join()) {
      return `messages.${index}: tool_use ids (${asked.join(', ')}) need tool_result blocks immediately after; found (${given.join(', ')})`;
    }
    const firstOther = content.findIndex(({ type }) => type !== 'tool_result');
    if (given.length > 0 && firstOther >= 0 && firstOther < given.length)
      return `messages.${index}: tool_result blocks must come first`;
  }
  return null;
}
