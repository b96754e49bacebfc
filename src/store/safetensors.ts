/**
 * Reading of safetensors files: 8 bytes little-endian header length, JSON header, raw little-endian data. Nothing is executed and
 * every offset is checked before it is used, since a file may be damaged or made by a stranger.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as z from 'zod';

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});

export interface Header {
  readonly tensors: ReadonlyMap<string, z.infer<typeof Entry>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data begins in the file. */
  readonly start: number;
  /** Size of the file. */
  readonly bytes: number;
}

/** Format's name -> contract's name, bytes of one element, and how one is read. bfloat16 is the upper half of a float32. */
const DTYPES: Readonly<Record<string, { name: string; size: number; at: (view: DataView, byte: number) => number }>> = {
  F64: { name: 'float64', size: 8, at: (view, byte) => view.getFloat64(byte, true) },
  F32: { name: 'float32', size: 4, at: (view, byte) => view.getFloat32(byte, true) },
  F16: { name: 'float16', size: 2, at: (view, byte) => fromHalf(view.getUint16(byte, true)) },
  BF16: { name: 'bfloat16', size: 2, at: (view, byte) => fromUpperHalf(view.getUint16(byte, true)) },
  I64: { name: 'int64', size: 8, at: (view, byte) => Number(view.getBigInt64(byte, true)) },
  I32: { name: 'int32', size: 4, at: (view, byte) => view.getInt32(byte, true) },
  U8: { name: 'uint8', size: 1, at: (view, byte) => view.getUint8(byte) },
  BOOL: { name: 'bool', size: 1, at: (view, byte) => view.getUint8(byte) },
};

/** Returns the contract's name of a dtype, e.g. `float32` for `F32`. */
export const dtypeName = (format: string): string => DTYPES[format]?.name ?? format;

/** Reads and checks a header. @throws Error whose message says what is wrong, without the file's name */
export function readHeader(file: string): Header {
  return withFile(file, (fd) => {
    const bytes = fstatSync(fd).size;
    if (bytes < 8) throw new Error('it is shorter than a safetensors header');
    const length = Number(readAt(fd, 0, 8).readBigUInt64LE());
    if (length > Math.min(MAX_HEADER_BYTES, bytes - 8)) throw new Error('its header says it is longer than the file');
    const start = 8 + length;
    const { tensors, metadata } = parseHeader(readAt(fd, 8, length).toString('utf8'));
    for (const [name, entry] of tensors) checkEntry(name, entry, bytes - start);
    return { tensors, metadata, start, bytes };
  });
}

/** Reads one tensor of a checked header, converted to float32; float64 and int64 lose digits. */
export function readValues(file: string, header: Header, name: string): Float32Array {
  const entry = header.tensors.get(name);
  if (entry === undefined) throw new Error(`it has no tensor \`${name}\``);
  const dtype = DTYPES[entry.dtype];
  if (dtype === undefined) throw new Error(`its tensor \`${name}\` has the unknown dtype ${entry.dtype}`);
  const [from, to] = entry.data_offsets;
  const raw = withFile(file, (fd) => readAt(fd, header.start + from, to - from));
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float32Array.from({ length: raw.byteLength / dtype.size }, (_, index) => dtype.at(view, index * dtype.size));
}

function parseHeader(text: string): Pick<Header, 'tensors' | 'metadata'> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('its header is not JSON');
  }
  const checked = z.record(z.string(), z.unknown()).safeParse(json);
  if (!checked.success) throw new Error('its header is not an object');
  const { __metadata__: extra = {}, ...entries } = checked.data;
  const metadata = z.record(z.string(), z.string()).safeParse(extra);
  if (!metadata.success) throw new Error('its metadata are not texts');
  const tensors = new Map<string, z.infer<typeof Entry>>();
  for (const [name, entry] of Object.entries(entries)) {
    const parsed = Entry.safeParse(entry);
    if (!parsed.success) throw new Error(`its header describes the tensor \`${name}\` wrongly`);
    tensors.set(name, parsed.data);
  }
  return { tensors, metadata: metadata.data };
}

function checkEntry(
  name: string,
  { dtype, shape, data_offsets: [from, to] }: z.infer<typeof Entry>,
  available: number,
): void {
  if (from > to || to > available) throw new Error(`its tensor \`${name}\` lies outside the file`);
  const size = DTYPES[dtype]?.size;
  const elements = shape.reduce((product, length) => product * length, 1);
  if (size !== undefined && elements * size !== to - from)
    throw new Error(`the shape of its tensor \`${name}\` does not fit its bytes`);
}

function withFile<T>(file: string, work: (fd: number) => T): T {
  const fd = openSync(file, 'r');
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) throw new Error('it ends too early');
    done += count;
  }
  return buffer;
}

const scratch = new DataView(new ArrayBuffer(4));

function fromUpperHalf(bits: number): number {
  scratch.setUint32(0, bits * 65536);
  return scratch.getFloat32(0);
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
