/** The Messages API's spelling of a request: blocks, tools, and where its prefix is cached. */
import type Anthropic from '@anthropic-ai/sdk';
import type { JsonObject } from '../../../src/contract/index.ts';
import type { Asked, Message } from '../language/asked.ts';

/** Well above what a decision takes, thinking included; a reply that reaches it is not acted on. */
export const MAX_TOKENS = 16_000;

type Cache = Anthropic.CacheControlEphemeral;
/** Tools, system and finding stay the same for the whole run, and an experiment may take longer than five minutes. */
const STEADY: Cache = { type: 'ephemeral', ttl: '1h' };
/** The history up to here: read again by the next request. */
const MOVING: Cache = { type: 'ephemeral', ttl: '5m' };

/**
 * Four breakpoints, as many as there may be: tools, system, finding, and the newest block. Sampling parameters and a forced tool
 * choice are refused by current models, so neither is ever sent.
 */
export function requestOf({ model, system, tools, messages, brief }: Asked): Anthropic.MessageCreateParamsStreaming {
  const steady = brief ? MOVING : STEADY;
  return {
    model,
    max_tokens: MAX_TOKENS,
    stream: true,
    system: [{ type: 'text', text: system, cache_control: steady }],
    tools: tools.map(({ name, description, schema }, index) => ({
      name,
      description,
      input_schema: schema as Anthropic.Tool.InputSchema,
      ...(index === tools.length - 1 ? { cache_control: steady } : {}),
    })),
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    messages: messages.map((message, index) =>
      messageOf(message, index === 0 ? steady : index === messages.length - 1 ? MOVING : undefined),
    ),
  };
}

function messageOf({ role, content }: Message, cache: Cache | undefined): Anthropic.MessageParam {
  const blocks: JsonObject[] = content.map((block, index) =>
    cache !== undefined && index === content.length - 1 ? { ...block, cache_control: { ...cache } } : block,
  );
  return { role, content: blocks as unknown as Anthropic.ContentBlockParam[] };
}
