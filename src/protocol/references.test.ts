import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Reference } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { loadReference, readReference, sealReference } from './index.ts';

describe('calibrated references', () => {
  const reference = (): Omit<Reference, 'content_sha256'> => ({
    finding: 'induction-heads',
    protocol_sha256: 'x',
    model: 'icl-llama',
    weights_sha256: 'y',
    produced_by: 'recircuit calibrate',
    seeds: [0, 1],
    ranking: [{ component: 'a1.h2', effect: 0.5 }],
    values: { N1: [0.5, 0.6] },
  });
  const write = (value: unknown): string => {
    const file = join(temporaryFolder(), 'reference.json');
    writeFileSync(file, JSON.stringify(value, null, 1));
    return file;
  };
  it('are read as they were written', () => {
    expect(readReference(write(sealReference(reference())), 'induction-heads').ranking).toEqual(reference().ranking);
  });
  it('are refused after a hand edit, or for another finding', () => {
    const sealed = sealReference(reference());
    const edited = write({ ...sealed, ranking: [{ component: 'a1.h2', effect: 0.6 }] });
    expect(() => readReference(edited, 'induction-heads')).toThrow('measure it again instead of editing it');
    expect(() => readReference(write(sealed), 'function-vector-heads')).toThrow('it belongs to "induction-heads"');
    expect(() => readReference(write({ ...sealed, produced_by: 'me' }), 'induction-heads')).toThrow('produced_by');
    expect(() => readReference(write({ ...sealed, extra: 1 }), 'induction-heads')).toThrow('extra');
  });
  it('none yet is not an error', () => expect(loadReference('no-such-finding')).toBeUndefined());
});
