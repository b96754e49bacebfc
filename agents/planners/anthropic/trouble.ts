/**
 * What went wrong with a request, and whether to send it again. Told by status and type, never by class: two copies of the SDK do
 * not know each other's errors.
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

/** Thrown by us where the SDK is silent. */
export class Broken extends Error {
  readonly code: 'idle' | 'cut';
  constructor(code: 'idle' | 'cut', message: string) {
    super(message);
    this.code = code;
  }
}

interface ApiError {
  readonly status?: unknown;
  readonly type?: unknown;
  readonly message?: unknown;
  /** The server's words, without the JSON around them. */
  readonly apiMessage?: unknown;
  readonly headers?: { get?: (name: string) => string | null };
}

const AGAIN = new Set([408, 409, 429]);
const AGAIN_TYPES: ReadonlySet<unknown> = new Set([
  'overloaded_error',
  'api_error',
  'rate_limit_error',
  'timeout_error',
]);

export function troubleOf(error: unknown): Trouble {
  const { status, type, message, apiMessage, headers } = (error ?? {}) as ApiError;
  const said = String(apiMessage ?? message ?? error);
  const why = typeof status === 'number' ? `${status} ${said}` : said;
  if (error instanceof Broken) return { code: error.code, why, again: true, waitMs: null };
  if (typeof status === 'number') {
    const again = AGAIN.has(status) || status >= 500;
    const tooLong = status === 413 || (status === 400 && /prompt is too long/i.test(why));
    const waitMs = retryAfter(headers?.get?.('retry-after') ?? null);
    return { code: codeOf(status), why, again, waitMs, tooLong, free: true };
  }
  if (AGAIN_TYPES.has(type)) {
    return { code: type === 'rate_limit_error' ? 'rate-limited' : 'overloaded', why, again: true, waitMs: null };
  }
  // What is left came from the network, or is no event at all: nothing was understood, so asking again is right.
  const cut = /terminated|connection|socket|fetch failed|timed out|ECONN|JSON/i.test(`${why} ${causes(error)}`);
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

function causes(error: unknown): string {
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return `${String(name ?? '')} ${cause === undefined ? '' : `${String(cause)} ${causes(cause)}`}`;
}
