/**
 * Sends requests, whichever the provider. Its SDK only carries them: retries, limits and the watchdog are here, so that every
 * request that brought no reply is told of, and none is slept over unseen.
 */
import { Fault, type JsonObject, spelled, type Usage } from '../../../src/contract/index.ts';
import type { Reply } from '../../conversation.ts';
import { type Asked, TOO_LONG } from './asked.ts';
import type { FailedRequest, Sender } from './planner.ts';
import { Broken, type Trouble, troubleOf } from './trouble.ts';

/** Where and with which key a provider is asked. */
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

export const PACE: Pace = { requests: 6, firstWait: 1000, mostWait: 32_000, mostAsked: 300_000, idle: 180_000 };

/** A reply while it comes. */
export interface Incoming {
  /** As far as it was told. */
  readonly usage: Usage | null;
  /** Its end was told. */
  readonly stopped: boolean;
  reply(): Pick<Reply, 'content' | 'stop_reason' | 'model' | 'id'>;
}

/** How one request travels to a provider and its reply back. */
export interface Carrier<I extends Incoming> extends Pick<Sender, 'settings' | 'check'> {
  /** Taken out of whatever the server says. */
  readonly secret: string | undefined;
  begin(): I;
  /** Contract: one request, never repeated; fills `incoming` to the end of the stream; calls `alive` at each sign of life. */
  carry(asked: Asked, incoming: I, means: { readonly signal: AbortSignal; readonly alive: () => void }): Promise<void>;
  /** null: it has no price. */
  usdOf(model: string, usage: Usage): number | null;
}

type Means = Parameters<Sender['send']>[1];

export function sender<I extends Incoming>(carrier: Carrier<I>, pace: Pace): Sender {
  /** One request, read to its end. What came before it broke stands in `incoming`. */
  const once = async (asked: Asked, incoming: I, signal: AbortSignal): Promise<void> => {
    const watchdog = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => watchdog.abort(), pace.idle);
    };
    try {
      alive();
      await carrier.carry(asked, incoming, { signal: AbortSignal.any([signal, watchdog.signal]), alive });
    } catch (error) {
      if (!watchdog.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    if (watchdog.signal.aborted) throw new Broken('idle', `nothing came for ${pace.idle / 1000} s`);
    if (!incoming.stopped) throw new Broken('cut', 'the reply ended before its end was told');
  };

  const usdOf = ({ model }: Asked, usage: Usage | null): number | null => usage && carrier.usdOf(model, usage);

  const send = async (asked: Asked, { signal, failed }: Means): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      const incoming = carrier.begin();
      try {
        await once(asked, incoming, signal);
        return { ...incoming.reply(), usage: incoming.usage, usd: usdOf(asked, incoming.usage) };
      } catch (error) {
        const trouble = withoutKey(troubleOf(error), carrier.secret);
        if (trouble.tooLong) return tooLong(asked);
        const usage = trouble.free ? NOTHING : incoming.usage;
        const usd = trouble.free ? 0 : usdOf(asked, usage);
        failed({ failure: failureOf(signal.aborted ? CANCELLED : trouble), usage, usd });
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

  return { settings: carrier.settings, check: carrier.check, send };
}

const CANCELLED: Trouble = { code: 'cancelled', why: 'the job was cancelled', again: false, waitMs: null };

const NOTHING: Usage = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };

/** The server refused to read it, so it cost nothing; the planner makes the next request smaller. */
function tooLong({ model }: Asked): Reply {
  return { content: [], stop_reason: TOO_LONG, model, id: '', usage: NOTHING, usd: 0 };
}

function failureOf({ code, why }: Trouble): FailedRequest['failure'] {
  return { kind: 'fault', code, what: 'the language model', why, instead: 'ask again' };
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

/** A tool call as a block. Input that is no complete JSON object stands under `unparsed`, with an empty input: half an input can look whole. */
export function toolUse(block: JsonObject, text: string): JsonObject {
  const input = text === '' ? {} : objectIn(text);
  return input === null ? { ...block, input: {}, unparsed: text } : { ...block, input };
}

function objectIn(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
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
