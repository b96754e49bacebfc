/** Zip archives, written whole: deflate, no zip64, no folders. Only as much as a log of Inspect needs. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface Entry {
  /** ASCII, with `/` between folders. */
  readonly name: string;
  readonly data: Uint8Array;
}

const DEFLATE = 8;
const MODERN = 20;
const MOST_BYTES = 0xffff_ffff;

/** Returns the bytes of an archive. Equal entries and time give equal bytes. @throws RangeError for 4 GiB or more */
export function zip(entries: readonly Entry[], at: Date): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const packed = deflateRawSync(data);
    if (data.length > MOST_BYTES || offset + packed.length > MOST_BYTES) throw new RangeError(`${name} is too large`);
    const shared = sharedHeader(Buffer.byteLength(name), data, packed.length, at);
    const written = [word(0x0403_4b50), shared, Buffer.from(name), packed];
    directory.push(word(0x0201_4b50), short(MODERN), shared, Buffer.alloc(10), word(offset), Buffer.from(name));
    parts.push(...written);
    offset += lengthOf(written);
  }
  const size = lengthOf(directory);
  const count = short(entries.length);
  return Buffer.concat([
    ...parts,
    ...directory,
    word(0x0605_4b50),
    word(0),
    count,
    count,
    word(size),
    word(offset),
    short(0),
  ]);
}

/** What stands in both headers of an entry, from the version it needs to the length of its extra field. */
function sharedHeader(name: number, data: Uint8Array, packed: number, at: Date): Buffer {
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  const date = (Math.max(0, at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  return Buffer.concat([
    ...[MODERN, 0, DEFLATE, time, date].map(short),
    ...[crc32(data), packed, data.length].map(word),
    ...[name, 0].map(short),
  ]);
}

const lengthOf = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0);

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
