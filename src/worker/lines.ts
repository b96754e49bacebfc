/**
 * Cuts a byte stream into lines. Works on bytes, since a chunk may end inside a character; knows nothing of JSON.
 */

/** Thrown by {@link LineSplitter.push} when a line is longer than allowed. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

const LF = 10;

export class LineSplitter {
  #parts: Buffer[] = [];
  #length = 0;
  readonly #limit: number;

  /** @param limit longest line in bytes, without its line feed. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of the line that has begun and not ended. */
  get pending(): number {
    return this.#length;
  }

  /**
   * Calls `onLine` for every line that `chunk` completes, without its line feed, as UTF-8 text.
   * @throws LineTooLong as soon as a line, ended or not, is over the limit; the splitter is of no use afterwards.
   */
  push(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#add(chunk.subarray(start, end));
      const line = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      this.#length = 0;
      onLine(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#add(chunk.subarray(start));
  }

  #add(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#limit) throw new LineTooLong(`a line of more than ${this.#limit} bytes`);
    this.#parts.push(part);
  }
}
