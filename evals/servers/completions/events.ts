/** The chunks of one reply. */
import type { Usage } from '../../../src/contract/index.ts';
import { chunks, tokensOf } from '../counting.ts';
import type { ScriptedTurn } from '../script.ts';
import type { Spoken } from '../serve.ts';

/** This API's words for why a reply ends. The others of the script are another API's. */
const REASONS: Partial<Record<NonNullable<ScriptedTurn['stop']>, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'content_filter',
};

/** @param turn its place in the conversation, from 0: ids are made from it, so that a script always says the same */
export function spoken(scripted: ScriptedTurn, turn: number, model: string, usage: Usage): Spoken {
  const { say, call, also } = scripted;
  const stop = scripted.stop ?? (call ? 'tool_use' : 'end_turn');
  // What the model itself refuses to say stands in a field of its own, and ends as any other text.
  const refused = stop === 'refusal' && say !== undefined;
  const reason = refused ? 'stop' : REASONS[stop];
  if (reason === undefined) throw new Error(`the Chat Completions API has no word for ${stop}`);
  const about = { id: `chatcmpl-${turn}`, object: 'chat.completion.chunk', created: 0, model };
  const choice = (delta: object, finish_reason: string | null = null): string =>
    line({ ...about, choices: [{ index: 0, delta, finish_reason }], usage: null });
  const calls = [call, also].flatMap((asked, index) => {
    if (asked === undefined) return [];
    const head = {
      index,
      id: `call_${turn}_${index}`,
      type: 'function',
      function: { name: asked.tool, arguments: '' },
    };
    const json = JSON.stringify(asked.input).slice(0, scripted.keep);
    const rest = chunks(json).map((text) => ({ index, function: { arguments: text } }));
    return [head, ...rest].map((one) => choice({ tool_calls: [one] }));
  });
  const output = tokensOf([say, ...[call, also].map((one) => one && JSON.stringify(one))].filter(Boolean).join(''));
  return {
    output,
    parts: [
      choice({ role: 'assistant', content: call ? null : '', refusal: null }),
      ...chunks(say ?? '').map((text) => choice(refused ? { refusal: text } : { content: text })),
      ...calls,
      choice({}, reason),
      line({ ...about, choices: [], usage: counted(usage, output) }),
      'data: [DONE]\n\n',
    ],
  };
}

/** The prompt's tokens hold the cached ones. */
function counted({ input, cache_read }: Usage, output: number): Record<string, unknown> {
  const prompt_tokens = input + cache_read;
  return {
    prompt_tokens,
    completion_tokens: output,
    total_tokens: prompt_tokens + output,
    prompt_tokens_details: { cached_tokens: cache_read },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

export function line(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
