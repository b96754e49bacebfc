/**
 * What went wrong with a request, and whether to send it again. Told by status, type and code, never by class: SDKs differ, and two
 * copies of one do not know each other's errors.
 */
export interface Trouble {
  /** Stable word for the record. */
  readonly code: string;
  readonly why: string;
  readonly again: boolean;
  /** What the server asks to wait, in ms; null where it does not say. */
  readonly waitMs: number | null;
  /** The request is larger than the window: to be sent smaller, not again. */
  readonly tooLong?: boolean;
  /** It was turned away unread, so it cost nothing. */
  readonly free?: boolean;
}

/** Thrown by us where an SDK is silent. */
export class Broken extends Error {
  readonly code: 'idle' | 'cut';
  constructor(code: 'idle' | 'cut', message: string) {
    super(message);
    this.code = code;
  }
}

/** Whatever an SDK may have thrown: the fields of all of them, none certain. */
interface ApiError {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly status_code?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  /** The server's words, without the JSON around them. */
  readonly apiMessage?: unknown;
  readonly headers?: { get?: (name: string) => string | null };
  /** Google's, where no header says when to come back. */
  readonly errorDetails?: unknown;
}

const AGAIN = new Set([408, 409, 429]);
/** Errors in mid-stream, which have no status. */
const AGAIN_TYPES: ReadonlySet<unknown> = new Set([
  'overloaded_error',
  'api_error',
  'rate_limit_error',
  'timeout_error',
  'server_error',
]);
const TOO_LONG =
  /prompt is too long|context_length_exceeded|maximum context length|exceeds the context window|input token count/i;

export function troubleOf(error: unknown): Trouble {
  const { name, status_code, type, code, message, apiMessage, headers, errorDetails } = (error ?? {}) as ApiError;
  const status = (error as ApiError | null)?.status ?? status_code;
  const said = String(apiMessage ?? message ?? error);
  const why = typeof status === 'number' && !said.startsWith(String(status)) ? `${status} ${said}` : said;
  if (error instanceof Broken) return { code: error.code, why, again: true, waitMs: null };
  const tooLong = status === 413 || name === 'ContextOverflowError' || (status === 400 && TOO_LONG.test(why));
  if (typeof status === 'number' || tooLong) {
    const spent = code === 'insufficient_quota';
    const again = typeof status === 'number' && !spent && (AGAIN.has(status) || status >= 500);
    const waitMs = retryAfter(headers?.get?.('retry-after') ?? retryDelay(errorDetails));
    return { code: spent ? 'quota-spent' : codeOf(Number(status)), why, again, waitMs, tooLong, free: true };
  }
  if (AGAIN_TYPES.has(type)) {
    return { code: type === 'rate_limit_error' ? 'rate-limited' : 'overloaded', why, again: true, waitMs: null };
  }
  // What is left came from the network, or is no event at all: nothing was understood, so asking again is right.
  const cut = /terminated|connection|socket|fetch failed|timed out|ECONN|JSON|stream/i.test(`${why} ${causes(error)}`);
  return { code: cut ? 'cut' : 'unexpected', why, again: cut, waitMs: null };
}

function codeOf(status: number): string {
  if (status === 401 || status === 403) return 'key-refused';
  if (status === 429) return 'rate-limited';
  if (status === 529) return 'overloaded';
  return status >= 500 ? 'server-error' : 'request-refused';
}

/** Seconds, or a date. */
function retryAfter(header: string | null): number | null {
  if (header === null || header.trim() === '') return null;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** `retryDelay: "34s"` in one of the details. */
function retryDelay(details: unknown): string | null {
  const delays = Array.isArray(details) ? details.map((one: { retryDelay?: unknown } | null) => one?.retryDelay) : [];
  return /^([\d.]+)s$/.exec(String(delays.find((delay) => delay !== undefined)))?.[1] ?? null;
}

function causes(error: unknown): string {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return `${String(name ?? '')} ${cause === undefined ? '' : `${String(cause)} ${causes(cause)}`}`;
}
