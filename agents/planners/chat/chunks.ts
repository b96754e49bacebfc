/**
 * Reads the chunks of one reply. Tool input is joined and parsed here: LangChain repairs what was cut, and half an input can look
 * like a whole one. Reasons to stop get the words that every language planner uses.
 */
import type { AIMessageChunk } from '@langchain/core/messages';
import type { Json, JsonObject, Usage } from '../../../src/contract/index.ts';
import { type Incoming, toolUse } from '../language/send.ts';
import { SIGNATURES } from './messages.ts';

interface Call {
  readonly index: number | undefined;
  readonly id: string | undefined;
  name: string;
  input: string;
}

export class IncomingChunks implements Incoming {
  usage: Usage | null = null;
  #id = '';
  #model: string;
  #stop: string | undefined;
  #text = '';
  #refused = false;
  #signatures: JsonObject = {};
  readonly #calls: Call[] = [];

  /** @param model that is asked; servers that do not say who answered are taken at their word */
  constructor(model: string) {
    this.#model = model;
  }

  get stopped(): boolean {
    return this.#stop !== undefined;
  }

  take(chunk: AIMessageChunk): void {
    const about = chunk.response_metadata as JsonObject;
    // LangChain makes up an id of its own where the server gives none.
    if (chunk.id !== undefined && !chunk.id.startsWith('run-')) this.#id = chunk.id;
    this.#model = String(about['model_name'] ?? about['model'] ?? this.#model);
    const stop = about['finish_reason'] ?? about['finishReason'] ?? about['done_reason'];
    if (typeof stop === 'string' && stop !== '') this.#stop = stop;
    this.#text += textOf(chunk.content);
    for (const part of chunk.tool_call_chunks ?? []) this.#take(part);
    const kwargs = chunk.additional_kwargs as JsonObject;
    this.#signatures = { ...this.#signatures, ...(kwargs[SIGNATURES] as JsonObject | undefined) };
    this.#refused ||= refusalIn(kwargs['__raw_response']) !== '';
    if (chunk.usage_metadata) this.usage = added(this.usage, chunk.usage_metadata);
  }

  reply(): ReturnType<Incoming['reply']> {
    const calls = this.#calls.map(({ id, name, input }, index) => {
      const known = id ?? `call_${index}`;
      const signature = this.#signatures[known];
      const block = { type: 'tool_use', id: known, name, ...(signature ? { thought_signature: signature } : {}) };
      return toolUse(block, input);
    });
    const text: Json[] = this.#text.trim() === '' ? [] : [{ type: 'text', text: this.#text }];
    return { content: [...text, ...calls], stop_reason: this.#reason(), model: this.#model, id: this.#id };
  }

  /** A call goes on where neither its place nor its id is another: Ollama gives every call the same place, Google none. */
  #take({ index, id, name, args }: { index?: number; id?: string; name?: string; args?: string }): void {
    const open = this.#calls.findLast((call) => call.index === index);
    const goesOn = open !== undefined && (id === undefined || id === '' || id === null || id === open.id);
    if (goesOn) {
      open.name ||= name ?? '';
      open.input += args ?? '';
    } else this.#calls.push({ index, id: id || undefined, name: name ?? '', input: args ?? '' });
  }

  #reason(): string {
    const stop = (this.#stop ?? 'none').toLowerCase();
    if (this.#refused || REFUSED.has(stop)) return 'refusal';
    if (CALLED.has(stop)) return 'tool_use';
    if (stop === 'length') return 'max_tokens';
    // Ollama, Google and some servers of the OpenAI kind say no more than that the reply is whole.
    if (stop === 'stop') return this.#calls.length > 0 ? 'tool_use' : 'end_turn';
    return stop;
  }
}

const CALLED: ReadonlySet<string> = new Set(['tool_calls', 'function_call']);
const REFUSED: ReadonlySet<string> = new Set([
  'content_filter',
  'safety',
  'recitation',
  'blocklist',
  'prohibited_content',
  'spii',
]);

/** Thinking is not kept: these providers do not want it back. */
function textOf(content: AIMessageChunk['content']): string {
  if (typeof content === 'string') return content;
  return content.map((block) => (block.type === 'text' && 'text' in block ? String(block.text) : '')).join('');
}

function refusalIn(raw: Json | undefined): string {
  const choices = (raw as { choices?: { delta?: { refusal?: string | null } }[] } | undefined)?.choices;
  return choices?.[0]?.delta?.refusal ?? '';
}

type Counted = NonNullable<AIMessageChunk['usage_metadata']>;

/**
 * Chunks tell what is new since the one before. Their input holds what the cache gave; their total holds thinking that Google leaves
 * out of the output.
 */
function added(
  before: Usage | null,
  { input_tokens, output_tokens, total_tokens, input_token_details }: Counted,
): Usage {
  const cached = Math.max(before?.cache_read ?? 0, input_token_details?.cache_read ?? 0);
  const read = (before ? before.input + before.cache_read : 0) + input_tokens;
  return {
    input: Math.max(0, read - cached),
    cache_read: cached,
    cache_write_5m: 0,
    cache_write_1h: 0,
    output: (before?.output ?? 0) + Math.max(output_tokens, total_tokens - input_tokens),
  };
}
