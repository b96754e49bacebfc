/** The server-sent events of one reply. */
import type { Usage } from '../../../src/contract/index.ts';
import { chunks, tokensOf } from '../counting.ts';
import type { ScriptedTurn } from '../script.ts';
import type { Spoken } from '../serve.ts';

interface Event {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** @param turn its place in the conversation, from 0: ids are made from it, so that a script always says the same */
export function spoken(scripted: ScriptedTurn, turn: number, model: string, usage: Usage): Spoken {
  const { thinking, say, call, also, stop } = scripted;
  const blocks: Event[][] = [];
  const add = (start: Record<string, unknown>, deltas: Record<string, unknown>[]): void => {
    const index = blocks.length;
    blocks.push([
      { event: 'content_block_start', data: { type: 'content_block_start', index, content_block: start } },
      ...deltas.map((delta) => ({ event: 'content_block_delta', data: { type: 'content_block_delta', index, delta } })),
      { event: 'content_block_stop', data: { type: 'content_block_stop', index } },
    ]);
  };
  if (thinking !== undefined) {
    add({ type: 'thinking', thinking: '', signature: '' }, [
      ...chunks(thinking).map((part) => ({ type: 'thinking_delta', thinking: part })),
      { type: 'signature_delta', signature: `signed-${turn}` },
    ]);
  }
  if (say !== undefined) {
    add(
      { type: 'text', text: '' },
      chunks(say).map((text) => ({ type: 'text_delta', text })),
    );
  }
  for (const [place, asked] of [call, also].entries()) {
    if (asked === undefined) continue;
    const json = JSON.stringify(asked.input).slice(0, scripted.keep);
    add({ type: 'tool_use', id: `toolu_${turn}_${place}`, name: asked.tool, input: {} }, [
      ...chunks(json).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
    ]);
  }
  const text = [thinking, say, call && JSON.stringify(call), also && JSON.stringify(also)]
    .filter((part) => part)
    .join('');
  const output = tokensOf(text);
  const stop_reason = stop ?? (call ? 'tool_use' : 'end_turn');
  return {
    output,
    parts: [
      { event: 'message_start', data: { type: 'message_start', message: opened(turn, model, usage) } },
      { event: 'ping', data: { type: 'ping' } },
      ...blocks.flat(),
      {
        event: 'message_delta',
        data: { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: output } },
      },
      { event: 'message_stop', data: { type: 'message_stop' } },
    ].map(line),
  };
}

function opened(turn: number, model: string, usage: Usage): Record<string, unknown> {
  const { input, cache_read, cache_write_5m, cache_write_1h } = usage;
  return {
    id: `msg_${turn}`,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: input,
      cache_read_input_tokens: cache_read,
      cache_creation_input_tokens: cache_write_5m + cache_write_1h,
      cache_creation: { ephemeral_5m_input_tokens: cache_write_5m, ephemeral_1h_input_tokens: cache_write_1h },
      output_tokens: 1,
    },
  };
}

/** An event as it is sent. */
export function line({ event, data }: Event): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
