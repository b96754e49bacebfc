/**
 * A child process that speaks in lines: spawn, write with back-pressure, read with a length cap, end, and the reason it ended.
 * Knows nothing of JSON-RPC; client.ts does.
 */
import { execa, type ResultPromise } from 'execa';
import { MAX_LINE_BYTES } from '../contract/index.ts';
import { LineSplitter, LineTooLong } from './lines.ts';
import { type Log, StderrReader } from './stderr.ts';

const OPTIONS = {
  stdin: 'pipe',
  stdout: 'pipe',
  stderr: 'pipe',
  encoding: 'buffer',
  buffer: false, // with buffering execa ends a child after 100 MB of output
  reject: false,
  cleanup: true,
  extendEnv: false,
} as const;

const LEFT_OPEN_MS = 1_000;

export interface ChannelListeners {
  onLine(line: string): void;
  /** The child broke the line format; it has been killed. */
  onBroken(why: string): void;
}

export interface ChannelOptions extends ChannelListeners {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly log: Log | undefined;
}

export class Channel {
  /** Resolves, never rejects, with the reason why the process ended, once its output has been read to the end. */
  readonly exited: Promise<string>;
  readonly #child: ResultPromise<typeof OPTIONS>;
  readonly #stderr: StderrReader;
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES);
  readonly #killAtExit = (): void => void this.#child.kill('SIGKILL');
  #drained: Promise<void> | undefined;
  #killed = '';
  #ended = false;

  constructor(options: ChannelOptions) {
    this.#stderr = new StderrReader(options.log);
    this.#child = execa(options.command, options.args, { ...OPTIONS, cwd: options.cwd, env: options.env });
    // The pipe breaks when the child dies; the reason is told by `exited`, and an unheard 'error' would end Node.
    this.#child.stdin.on('error', () => undefined);
    this.#read(options);
    // A worker has nothing to save, so it is not asked to stop when we are gone.
    process.once('exit', this.#killAtExit);
    // A process that the child has left behind could hold its pipes open for ever.
    this.#child.once('exit', () => setTimeout(() => this.#closePipes(), LEFT_OPEN_MS).unref());
    this.exited = this.#child.then((result) => {
      this.#ended = true;
      process.removeListener('exit', this.#killAtExit);
      return this.#reason(result);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Writes one line; waits while the child's pipe is full. All writers share one wait. */
  async write(line: string): Promise<void> {
    while (this.#drained && !this.#ended) await this.#drained;
    if (this.#ended || this.#child.stdin.destroyed) return;
    if (this.#child.stdin.write(`${line}\n`)) return;
    this.#drained = Promise.race([
      new Promise<void>((resolve) => this.#child.stdin.once('drain', resolve)),
      this.exited.then(() => undefined),
    ]).finally(() => {
      this.#drained = undefined;
    });
  }

  /** Kills at once; `why` becomes part of the reason. */
  kill(why: string): void {
    if (this.#ended) return;
    this.#killed ||= why;
    this.#child.kill('SIGKILL');
  }

  /** Closes the child's input, then asks, then kills; each `graceMs` after the other. */
  async stop(graceMs: number): Promise<void> {
    this.#killed ||= 'stopped';
    this.#child.stdin.end();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      if (await this.#endsWithin(graceMs)) return;
      this.#child.kill(signal);
    }
    await this.exited;
  }

  async #endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, ms, false);
    });
    const ended = await Promise.race([this.exited.then(() => true as const), late]);
    clearTimeout(timer);
    return ended;
  }

  #closePipes(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  #read(options: ChannelOptions): void {
    this.#child.stdout.on('data', (chunk: Buffer) => {
      if (this.#killed) return; // what it says after its end does not count
      try {
        this.#splitter.push(chunk, (line) => options.onLine(line));
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error;
        this.kill(error.message);
        options.onBroken(`it wrote ${error.message}`);
      }
    });
    const stderr = new LineSplitter(MAX_LINE_BYTES);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      try {
        stderr.push(chunk, (line) => this.#stderr.line(line));
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error;
        this.kill('an endless line on stderr');
      }
    });
  }

  #reason(result: Awaited<ResultPromise<typeof OPTIONS>>): string {
    if (result.exitCode === undefined && result.signal === undefined) {
      return `it could not be started (${result.code ?? result.shortMessage})`;
    }
    if (this.#killed) return this.#killed;
    const half = this.#splitter.pending;
    const details = [half > 0 && `after half a line of ${half} bytes`, this.#stderr.lastWords].filter(Boolean);
    const how =
      result.signal === undefined
        ? `it ended with exit code ${result.exitCode}`
        : result.signal === 'SIGKILL'
          ? 'it was killed by SIGKILL, not by us: likely out of memory'
          : `it was killed by ${result.signal}`;
    return [how, ...details].join('; ');
  }
}
