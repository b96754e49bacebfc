/**
 * Sends requests to the Messages API. The SDK only carries them: retries, limits and the watchdog are here, so that every request
 * that brought no reply is told of, and none is slept over unseen.
 */
import type Anthropic from '@anthropic-ai/sdk';
import { Fault, Refusal, spelled, type Usage } from '../../../src/contract/index.ts';
import type { Reply } from '../../conversation.ts';
import { type Asked, TOO_LONG } from '../language/asked.ts';
import type { FailedRequest, Sender } from '../language/planner.ts';
import { usdOf } from './price.ts';
import { MAX_TOKENS, requestOf } from './request.ts';
import { Incoming } from './stream.ts';
import { Broken, type Trouble, troubleOf } from './trouble.ts';

export interface Connection {
  /** From the environment, by whoever made this; it goes into no record and no message. */
  readonly apiKey: string | undefined;
  /** undefined: the API's own address. */
  readonly baseURL: string | undefined;
}

/** How patient to be, in ms. */
export interface Pace {
  /** Requests of one turn, the first included. */
  readonly requests: number;
  readonly firstWait: number;
  /** Longest wait of our own; twice as long each time before. */
  readonly mostWait: number;
  /** Longest wait that the server may ask for; the run ends resumable where it asks for more. */
  readonly mostAsked: number;
  /** Longest silence, before the headers or within the stream. */
  readonly idle: number;
}

const ADDRESS = 'https://api.anthropic.com';

export const PACE: Pace = { requests: 6, firstWait: 1000, mostWait: 32_000, mostAsked: 300_000, idle: 180_000 };

type Means = Parameters<Sender['send']>[1];

export function sender({ apiKey, baseURL }: Connection, pace: Pace): Sender {
  let client: Promise<Anthropic> | undefined;

  const connect = async (): Promise<Anthropic> => {
    const { default: Client } = await import('@anthropic-ai/sdk');
    return new Client({
      apiKey: apiKey ?? '',
      baseURL: baseURL ?? ADDRESS,
      maxRetries: 0,
      timeout: pace.idle,
      // Its log may show headers and foreign text.
      logLevel: 'off',
    });
  };

  /** One request, read to its end. What came before it broke stands in `incoming`. */
  const once = async (asked: Asked, incoming: Incoming, signal: AbortSignal): Promise<void> => {
    client ??= connect();
    const { messages } = await client;
    const watchdog = new AbortController();
    const either = AbortSignal.any([signal, watchdog.signal]);
    let timer: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => watchdog.abort(), pace.idle);
    };
    try {
      alive();
      const events = await messages.create(requestOf(asked), { signal: either });
      for await (const event of events) {
        alive();
        incoming.take(event);
      }
    } catch (error) {
      if (!watchdog.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    if (watchdog.signal.aborted) throw new Broken('idle', `nothing came for ${pace.idle / 1000} s`);
    if (!incoming.stopped) throw new Broken('cut', 'the reply ended before its end was told');
  };

  const send = async (asked: Asked, { signal, failed }: Means): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      const incoming = new Incoming();
      try {
        await once(asked, incoming, signal);
        return replyOf(asked, incoming);
      } catch (error) {
        const trouble = withoutKey(troubleOf(error), apiKey);
        if (trouble.tooLong) return tooLong(asked);
        failed(failedRequest(asked, trouble.free ? NOTHING : incoming.usage, signal.aborted ? CANCELLED : trouble));
        signal.throwIfAborted();
        await pause(trouble, attempt, signal);
      }
    }
  };

  const pause = async (trouble: Trouble, attempt: number, signal: AbortSignal): Promise<void> => {
    const wait = trouble.waitMs ?? Math.min(pace.mostWait, pace.firstWait * 2 ** (attempt - 1));
    if (!trouble.again || attempt >= pace.requests) throw ended(trouble, `after ${attempt} requests`);
    if (wait > pace.mostAsked) throw ended(trouble, `it asks to wait ${Math.round(wait / 1000)} s`);
    await sleep(wait, signal);
  };

  return { settings: { max_tokens: MAX_TOKENS }, check: () => refuseWithoutKey(apiKey), send };
}

const CANCELLED: Trouble = { code: 'cancelled', why: 'the job was cancelled', again: false, waitMs: null };

function replyOf({ model }: Asked, incoming: Incoming): Reply {
  const usage = incoming.usage ?? NOTHING;
  const stop_reason = incoming.stop_reason ?? 'none';
  const content = incoming.content();
  return { content, stop_reason, model: incoming.model, id: incoming.id, usage, usd: usdOf(model, usage) };
}

const NOTHING: Usage = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };

/** The server refused to read it, so it cost nothing; the planner makes the next request smaller. */
function tooLong({ model }: Asked): Reply {
  return { content: [], stop_reason: TOO_LONG, model, id: '', usage: NOTHING, usd: 0 };
}

function failedRequest({ model }: Asked, usage: Usage | null, { code, why }: Trouble): FailedRequest {
  const failure = { kind: 'fault' as const, code, what: 'the language model', why, instead: 'ask again' };
  return { failure, usage, usd: usage && usdOf(model, usage) };
}

/** Servers may say anything, also what they were sent. */
function withoutKey(trouble: Trouble, key: string | undefined): Trouble {
  const text = key ? trouble.why.replaceAll(key, '[key]') : trouble.why;
  return { ...trouble, why: spelled(text.length > 300 ? `${text.slice(0, 300)}…` : text) || 'no reason was given' };
}

function ended({ code, why }: Trouble, how: string): Fault {
  return new Fault({
    code: `model-${code}`,
    what: 'the language model gave no reply',
    why: `${why} (${how})`,
    instead: 'see to it and go on with --resume; nothing that was answered is asked again',
  });
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

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
