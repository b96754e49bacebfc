/** A picture as pixels: rectangles, small digits, and the PNG file. What is drawn is decided elsewhere. */
import { crc32, deflateSync } from 'node:zlib';

export type Colour = readonly [red: number, green: number, blue: number];

/** Three by five dots, a row of bits each. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  '0': [7, 5, 5, 5, 7],
  '1': [2, 6, 2, 2, 7],
  '2': [7, 1, 7, 4, 7],
  '3': [7, 1, 7, 1, 7],
  '4': [5, 5, 7, 1, 1],
  '5': [7, 4, 7, 1, 7],
  '6': [7, 4, 7, 5, 7],
  '7': [7, 1, 1, 2, 2],
  '8': [7, 5, 7, 5, 7],
  '9': [7, 5, 7, 1, 7],
  '.': [0, 0, 0, 0, 2],
  '-': [0, 0, 7, 0, 0],
  e: [0, 7, 5, 6, 3],
};
const DOT = 2;
export const GLYPH_WIDTH = 4 * DOT;
export const GLYPH_HEIGHT = 5 * DOT;

export class Pixels {
  readonly width: number;
  readonly height: number;
  readonly #bytes: Uint8Array;

  constructor(width: number, height: number, ground: Colour) {
    this.width = width;
    this.height = height;
    this.#bytes = new Uint8Array(width * height * 3);
    this.box(0, 0, width, height, ground);
  }

  box(x: number, y: number, width: number, height: number, colour: Colour): void {
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++)
        this.#bytes.set(colour, (row * this.width + column) * 3);
    }
  }

  /** Characters without a glyph are left blank. */
  text(x: number, y: number, text: string, colour: Colour): void {
    for (const [index, character] of [...text].entries()) {
      for (const [row, bits] of (GLYPHS[character] ?? []).entries()) {
        for (const column of [0, 1, 2]) {
          if ((bits & (4 >> column)) === 0) continue;
          this.box(x + index * GLYPH_WIDTH + column * DOT, y + row * DOT, DOT, DOT, colour);
        }
      }
    }
  }

  png(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.width, 0);
    header.writeUInt32BE(this.height, 4);
    header.set([8, 2, 0, 0, 0], 8); // eight bits a channel, RGB
    const line = this.width * 3;
    const lines = Buffer.alloc((line + 1) * this.height); // a filter byte of 0 before each line
    for (let row = 0; row < this.height; row++)
      lines.set(this.#bytes.subarray(row * line, (row + 1) * line), row * (line + 1) + 1);
    const data = deflateSync(lines);
    return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
  }
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(kind: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
