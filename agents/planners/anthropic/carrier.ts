/** How a request travels to the Messages API, through the raw SDK, which is told to repeat and to log nothing. */
import type Anthropic from '@anthropic-ai/sdk';
import { Refusal } from '../../../src/contract/index.ts';
import type { Carrier, Connection } from '../language/send.ts';
import { usdOf } from './price.ts';
import { MAX_TOKENS, requestOf } from './request.ts';
import { IncomingEvents } from './stream.ts';

const ADDRESS = 'https://api.anthropic.com';

/** @param idle longest wait for the headers, in ms */
export function carrier({ apiKey, baseURL }: Connection, idle: number): Carrier<IncomingEvents> {
  let client: Promise<Anthropic> | undefined;

  const connect = async (): Promise<Anthropic> => {
    const { default: Client } = await import('@anthropic-ai/sdk');
    return new Client({
      apiKey: apiKey ?? '',
      baseURL: baseURL ?? ADDRESS,
      maxRetries: 0,
      timeout: idle,
      // Its log may show headers and foreign text.
      logLevel: 'off',
    });
  };

  return {
    settings: { max_tokens: MAX_TOKENS },
    check: () => refuseWithoutKey(apiKey),
    secret: apiKey,
    usdOf,
    begin: () => new IncomingEvents(),
    async carry(asked, incoming, { signal, alive }) {
      client ??= connect();
      const { messages } = await client;
      const events = await messages.create(requestOf(asked), { signal });
      for await (const event of events) {
        alive();
        incoming.take(event);
      }
    },
  };
}

function refuseWithoutKey(apiKey: string | undefined): void {
  if (apiKey) return;
  throw new Refusal({
    code: 'no-key',
    what: 'the planner anthropic cannot work',
    why: 'ANTHROPIC_API_KEY is not set',
    instead: 'set it, or use --planner scripted, which needs no key',
  });
}
