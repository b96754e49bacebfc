/** Reading of tensors and manifests, and the files that are refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkArtifact, readManifest, readTensor } from './index.ts';
import { freshRecord, writeArtifact } from './testing.ts';

const NAME = 'a'.repeat(64);

function tensorFile(dir: string, dtype: string, bytes: number[], shape: number[], extra: object = {}): void {
  const header = Buffer.from(JSON.stringify({ data: { dtype, shape, data_offsets: [0, bytes.length], ...extra } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(dir, `${NAME}.safetensors`), Buffer.concat([length, header, Buffer.from(bytes)]));
}

test('a tensor comes back with shape, dtype and values', () => {
  const { artifacts } = freshRecord();
  const { sha256 } = writeArtifact(artifacts, [0.5, -1, 2, 3.25]);
  expect(readTensor(artifacts, sha256)).toEqual({
    shape: [2, 2],
    dtype: 'float32',
    data: Float32Array.of(0.5, -1, 2, 3.25),
  });
  expect(readManifest(artifacts, sha256).labels).toEqual({ layer: ['first', 'second'] });
  expect(checkArtifact(artifacts, sha256)).toBeNull();
});

test.each([
  ['BF16', [0x80, 0x3f, 0x00, 0xc0], 'bfloat16', [1, -2]],
  ['F16', [0x00, 0x3c, 0x00, 0xc0], 'float16', [1, -2]],
  ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0x3f], 'float64', [1]],
  ['I64', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'int64', [-1]],
  ['I32', [3, 0, 0, 0], 'int32', [3]],
  ['BOOL', [1, 0], 'bool', [1, 0]],
])('%s is read', (format, bytes, dtype, values) => {
  const { artifacts } = freshRecord();
  tensorFile(artifacts, format, bytes, [values.length]);
  expect(readTensor(artifacts, NAME)).toEqual({ shape: [values.length], dtype, data: Float32Array.from(values) });
});

test('a damaged file is a sentence, never garbage', () => {
  const { artifacts } = freshRecord();
  expect(() => readTensor(artifacts, NAME)).toThrow('there is no such file');
  const cases: [() => void, string][] = [
    [() => tensorFile(artifacts, 'F32', [0, 0, 0, 0], [2]), 'does not fit its bytes'],
    [() => tensorFile(artifacts, 'F32', [0, 0, 0, 0], [1], { data_offsets: [0, 400] }), 'lies outside the file'],
    [() => tensorFile(artifacts, 'F32', [0, 0, 0, 0], [1], { data_offsets: [-4, 0] }), 'wrongly'],
    [() => tensorFile(artifacts, 'Q4', [0], [1]), 'unknown dtype'],
    [() => writeFileSync(join(artifacts, `${NAME}.safetensors`), 'short'), 'shorter'],
    [() => writeFileSync(join(artifacts, `${NAME}.safetensors`), Buffer.alloc(64, 0xff)), 'longer than the file'],
    [
      () =>
        writeFileSync(
          join(artifacts, `${NAME}.safetensors`),
          Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{{{')]),
        ),
      'not JSON',
    ],
  ];
  for (const [damage, says] of cases) {
    damage();
    expect(() => readTensor(artifacts, NAME)).toThrow(says);
  }
  tensorFile(artifacts, 'F32', [0, 0, 0, 0], [1]);
  expect(() => readTensor(artifacts, NAME, 'other')).toThrow('no tensor `other`');
});

test('a path in place of a hash reads nothing', () => {
  const { artifacts } = freshRecord();
  expect(checkArtifact(artifacts, '../../etc/passwd')).toContain('not named by a sha256');
});
