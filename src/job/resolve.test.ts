import { describe, expect, it } from 'vitest';
import { prepare } from './resolve.ts';

const REVISION = '0'.repeat(40);

function requests(model: string) {
  const means = { record: undefined as never, artifacts: 'artifacts', python: 'python' };
  const { request } = prepare({
    ...means,
    finding: 'function-vector-heads',
    model,
    planner: 'scripted',
    seed: 0,
    revision: REVISION,
  });
  return { search: request('search'), heldOut: request('held-out') };
}

describe('what a job asks of its workers', () => {
  it('a model searched in bfloat16 is verified in float32', () => {
    const { search, heldOut } = requests('gemma-2-2b');
    expect([search.dtype, heldOut.dtype]).toEqual(['bfloat16', 'float32']);
  });
  it('any other dtype stays', () => {
    const { search, heldOut } = requests('icl-gemma2');
    expect([search.dtype, heldOut.dtype]).toEqual(['float32', 'float32']);
  });
  it('the fast engine is the default', () => {
    expect(requests('icl-gemma2').heldOut.engine).toBe('fast');
  });
  it('the halves are given to different workers', () => {
    const { search, heldOut } = requests('icl-gemma2');
    expect([search.material.split, heldOut.material.split]).toEqual(['search', 'held-out']);
  });
});
