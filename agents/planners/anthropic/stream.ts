/**
 * Reads the events of one reply. Tool input is parsed here, strictly, from the text as it came: the SDK's own helpers repair what was
 * cut, and half an input can look like a whole one.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type { Json, JsonObject, Usage } from '../../../src/contract/index.ts';
import { type Incoming, toolUse } from '../language/send.ts';

/** What has come so far; whole once `stopped`. */
export class IncomingEvents implements Incoming {
  #id = '';
  #model = '';
  #stop: string | null = null;
  usage: Usage | null = null;
  stopped = false;
  readonly #blocks: JsonObject[] = [];
  /** Text of tool inputs by the index of their block. */
  readonly #inputs = new Map<number, string>();

  take(event: Anthropic.RawMessageStreamEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#id = event.message.id;
        this.#model = event.message.model;
        this.usage = usageOf(event.message.usage, null);
        break;
      case 'content_block_start':
        this.#blocks[event.index] = { ...(event.content_block as unknown as JsonObject) };
        break;
      case 'content_block_delta':
        this.#add(event.index, event.delta);
        break;
      case 'message_delta':
        this.#stop = event.delta.stop_reason;
        this.usage = usageOf(event.usage, this.usage);
        break;
      case 'message_stop':
        this.stopped = true;
    }
  }

  reply(): ReturnType<Incoming['reply']> {
    return { content: this.#content(), stop_reason: this.#stop ?? 'none', model: this.#model, id: this.#id };
  }

  /** The blocks in order. */
  #content(): Json[] {
    return this.#blocks.map((block, index) =>
      block['type'] === 'tool_use' ? toolUse(block, this.#inputs.get(index) ?? '') : block,
    );
  }

  #add(index: number, delta: Anthropic.RawContentBlockDelta): void {
    const block = this.#blocks[index];
    if (block === undefined) return;
    if (delta.type === 'input_json_delta')
      this.#inputs.set(index, (this.#inputs.get(index) ?? '') + delta.partial_json);
    if (delta.type === 'text_delta') block['text'] = String(block['text'] ?? '') + delta.text;
    if (delta.type === 'thinking_delta') block['thinking'] = String(block['thinking'] ?? '') + delta.thinking;
    if (delta.type === 'signature_delta') block['signature'] = String(block['signature'] ?? '') + delta.signature;
  }
}

type RawUsage = Partial<Anthropic.Usage> | Anthropic.MessageDeltaUsage;

/** Counts are running totals; what an event leaves out stands as it stood. Cache tokens are not part of `input_tokens`. */
function usageOf(raw: RawUsage, before: Usage | null): Usage {
  const written = raw.cache_creation_input_tokens;
  const split = 'cache_creation' in raw ? raw.cache_creation : null;
  const hour = split?.ephemeral_1h_input_tokens ?? before?.cache_write_1h ?? 0;
  return {
    input: raw.input_tokens ?? before?.input ?? 0,
    cache_read: raw.cache_read_input_tokens ?? before?.cache_read ?? 0,
    cache_write_1h: hour,
    cache_write_5m: written == null ? (before?.cache_write_5m ?? 0) : Math.max(0, written - hour),
    output: raw.output_tokens ?? before?.output ?? 0,
  };
}
