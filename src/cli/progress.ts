/**
 * Progress beside the result, on stderr: one line that changes on a terminal, whole lines now and then elsewhere. What is worth
 * keeping is printed with `keep` and stays.
 */
import { bar, cut, type Paint } from '../report/index.ts';

const REDRAW_MS = 80;
/** Without a terminal, a sign of life this often. */
const QUIET_MS = 15_000;

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #stream: Stream;
  readonly #paint: Paint;
  #drawn = false;
  #last = 0;
  #latest = '';

  constructor(paint: Paint, stream: Stream = process.stderr) {
    this.#paint = paint;
    this.#stream = stream;
  }

  /** Shows where things stand; most calls draw nothing. */
  show(text: string): void {
    this.#latest = text;
    const now = Date.now();
    if (now - this.#last < (this.#stream.isTTY ? REDRAW_MS : QUIET_MS)) return;
    this.#last = now;
    this.#draw();
  }

  /** Prints a line that stays. */
  keep(line: string): void {
    this.clear();
    this.#stream.write(`${line}\n`);
    this.#last = this.#stream.isTTY ? 0 : Date.now();
    if (this.#stream.isTTY && this.#latest !== '') this.#draw();
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }

  /** Takes the changing line away for good. */
  end(): void {
    this.#latest = '';
    this.clear();
  }

  #draw(): void {
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#latest}\n`);
      return;
    }
    this.#stream.write(`\r\u001b[2K${cut(this.#latest, this.#paint.columns - 1)}`);
    this.#drawn = true;
  }

  /** Returns a bar for a share that is done, or nothing without a terminal. */
  bar(share: number): string {
    return this.#stream.isTTY ? `${bar(share, 20, this.#paint).replaceAll(' ', '░')} ` : '';
  }
}
