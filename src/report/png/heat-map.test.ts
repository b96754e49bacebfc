/** The picture as others read it: its chunks, its size and the colours of its cells, taken apart by the format's own rules. */
import { crc32, inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { heatMapPng } from './heat-map.ts';

function read(png: Buffer): { width: number; height: number; at: (x: number, y: number) => number[] } {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.subarray(0, 4).toString(), body.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') as Buffer;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const lines = inflateSync(chunks.get('IDAT') as Buffer);
  expect(lines).toHaveLength(height * (width * 3 + 1));
  return { width, height, at: (x, y) => [...lines.subarray(y * (width * 3 + 1) + 1 + x * 3).subarray(0, 3)] };
}

it('draws zero, both signs and what has no number apart', () => {
  const { at } = read(heatMapPng({ values: [[0, 1, -1, Number.NaN]] }));
  const cell = (head: number): number[] => at(24 + head * 28 + 14, 16 + 20);
  const [zero, above, below, none] = [0, 1, 2, 3].map(cell);
  expect(zero).toEqual([240, 241, 242]);
  expect(above?.[0]).toBeGreaterThan(above?.[2] ?? 0);
  expect(below?.[2]).toBeGreaterThan(below?.[0] ?? 0);
  expect(none).toEqual([160, 160, 160]);
});

it('stays small for a large model and stands for an empty one', () => {
  const large = read(heatMapPng({ values: Array.from({ length: 80 }, () => new Array<number>(64).fill(0.5)) }));
  expect(Math.max(large.width, large.height)).toBeLessThan(900);
  expect(read(heatMapPng({ values: [] })).width).toBeGreaterThan(0);
});
