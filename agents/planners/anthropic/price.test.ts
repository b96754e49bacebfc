import { describe, expect, it } from 'vitest';
import { usdOf } from './price.ts';

const million = { input: 1e6, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };

describe('usdOf', () => {
  it('prices each kind of token apart', () => {
    const each = { input: 1e6, cache_read: 1e6, cache_write_5m: 1e6, cache_write_1h: 1e6, output: 1e6 };
    expect(usdOf('claude-opus-5-5', each)).toBeCloseTo(4 + 0.2 + 5 + 8 + 20);
  });

  it('takes the higher rates of a long request for all of it', () => {
    expect(usdOf('claude-haiku-5-5', { ...million, input: 100_000 })).toBeCloseTo(0.01);
    expect(usdOf('claude-haiku-5-5', { ...million, input: 100_000, cache_read: 1 })).toBeCloseTo(0.05);
  });

  it('knows a dated name, and says null of a model that it does not know', () => {
    expect(usdOf('claude-haiku-4-5-20251001', million)).toBeCloseTo(1);
    expect(usdOf('claude-next', million)).toBeNull();
  });
});
