import { expect, test } from 'vitest';
import { LineSplitter, LineTooLong } from './lines.ts';

function split(chunks: Buffer[], limit = 100): { lines: string[]; pending: number } {
  const splitter = new LineSplitter(limit);
  const lines: string[] = [];
  for (const chunk of chunks) splitter.push(chunk, (line) => lines.push(line));
  return { lines, pending: splitter.pending };
}

test('any cutting of the bytes gives the same lines, characters of several bytes included', () => {
  const bytes = Buffer.from('{"a":"é→🙂"}\n\nlast half');
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    expect(split(chunks)).toEqual({ lines: ['{"a":"é→🙂"}', ''], pending: 9 });
  }
});

test('a line over the limit is refused before it ends', () => {
  expect(split([Buffer.from(`${'x'.repeat(100)}\n`)]).lines).toHaveLength(1);
  expect(() => split([Buffer.from('x'.repeat(60)), Buffer.from('x'.repeat(41))])).toThrow(LineTooLong);
});
