/**
 * How a request travels through LangChain's `initChatModel`. LangChain only carries: it is told to repeat nothing, gets a signal for
 * each request, and its tracing is out of reach, since the job removes the variables that would start it.
 */
import type { AIMessageChunk } from '@langchain/core/messages';
import { Refusal } from '../../../src/contract/index.ts';
import type { Asked } from '../language/asked.ts';
import type { Carrier, Connection } from '../language/send.ts';
import { IncomingChunks } from './chunks.ts';
import { messagesOf } from './messages.ts';
import type { Provider } from './providers.ts';

export interface Named {
  /** LangChain's name of the provider, and ours. */
  readonly provider: string;
  readonly model: string;
}

export function carrier(
  { provider, model }: Named,
  means: Provider,
  { apiKey, baseURL = means.address }: Connection,
): Carrier<IncomingChunks> {
  const stream = async ({ tools, ...asked }: Asked, signal: AbortSignal): Promise<AsyncIterable<AIMessageChunk>> => {
    const [{ initChatModel }, classes] = await Promise.all([
      import('langchain/chat_models/universal'),
      import('@langchain/core/messages'),
    ]);
    const fields = { ...means.fields({ apiKey, baseURL }, signal), modelProvider: provider, maxRetries: 0 };
    const chatModel = await (await initChatModel(model, fields))._getModelInstance();
    means.prepare?.(chatModel);
    const bound = chatModel.bindTools?.(means.tools(tools), means.options);
    if (!bound) throw new Error(`LangChain's class for ${provider} takes no tools`);
    const chunks: AsyncIterable<unknown> = await bound.stream(messagesOf({ tools, ...asked }, classes), { signal });
    return chunks as AsyncIterable<AIMessageChunk>;
  };

  return {
    settings: means.settings,
    check: () => refuseWithoutKey(provider, means, { apiKey, baseURL }),
    secret: apiKey,
    // No price of these providers has a source that we could name.
    usdOf: () => null,
    begin: () => new IncomingChunks(model),
    async carry(asked, incoming, { signal, alive }) {
      for await (const chunk of await stream(asked, signal)) {
        alive();
        incoming.take(chunk);
      }
    },
  };
}

function refuseWithoutKey(provider: string, { key, keyOnlyHere, address }: Provider, connection: Connection): void {
  if (key === null || connection.apiKey || (keyOnlyHere && connection.baseURL !== address)) return;
  throw new Refusal({
    code: 'no-key',
    what: `the planner chat:${provider} cannot work`,
    why: `${key} is not set`,
    instead: 'set it, or use --planner scripted, which needs no key',
  });
}
