/** What a worker writes on stderr: JSON lines go to the log at their level, anything else as text; the last lines are kept. */

/** The part of pino that is used. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Level = keyof Log;

const LEVELS: Readonly<Record<string, Level>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

const KEPT = 20;

export class StderrReader {
  readonly #log: Log | undefined;
  #tail: string[] = [];

  constructor(log: Log | undefined) {
    this.#log = log;
  }

  /** The last line that was not a log record: of a traceback, the exception. Empty when there was none. */
  get lastWords(): string {
    return this.#tail.at(-1) ?? '';
  }

  line(text: string): void {
    const record = parseRecord(text);
    if (record) {
      const { level, msg, message, ...fields } = record;
      const to = LEVELS[String(level).toLowerCase()] ?? 'info';
      this.#log?.[to]({ src: 'worker', ...fields }, String(msg ?? message ?? ''));
      return;
    }
    if (text.trim() === '') return;
    this.#tail = [...this.#tail, text.trim().slice(0, 500)].slice(-KEPT);
    this.#log?.debug({ src: 'worker' }, text);
  }
}

function parseRecord(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined; // text that happens to start with a brace
  }
}
