import { describe, expect, it } from 'vitest';
import { facts } from '../contract/fixtures/facts.ts';
import { drawControl } from './controls.ts';

const control = (sets: number) => ({
  control: 'random',
  kind: 'layer-matched-random-heads' as const,
  role: 'vector',
  sets,
});
const claim = (...vector: string[]) => ({ roles: { vector }, settings: {}, statement: '', cites: [] });
const model = facts({ layers: 4, heads: 8 });

describe('drawControl', () => {
  it('draws distinct sets with as many heads in each layer as the claim, none of them claimed', () => {
    const claimed = ['a1.h3', 'a1.h6', 'a2.h0'];
    const { sets, note } = drawControl(control(20), claim(...claimed), model, 1);
    expect(note).toBe('');
    expect(new Set(sets.map((set) => set.join(' '))).size).toBe(20);
    for (const set of sets) {
      expect(set.map((head) => head.slice(0, 2))).toEqual(['a1', 'a1', 'a2']);
      expect(new Set(set).size).toBe(3);
      expect(set.filter((head) => claimed.includes(head))).toEqual([]);
    }
  });

  it('draws the same sets for the same seed and others for another', () => {
    const draw = (seed: number) => drawControl(control(5), claim('a1.h3', 'a2.h0'), model, seed).sets;
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('borrows from the nearest layer where a layer has too few spare heads, and says so', () => {
    const six = [0, 1, 2, 3, 4, 5].map((head) => `a1.h${head}`);
    const { sets, note } = drawControl(control(3), claim(...six), model, 1);
    expect(note).toContain('layer 1 has too few spare heads: one is drawn from layer 0');
    for (const set of sets) expect(set.filter((head) => head.startsWith('a1.'))).toEqual(['a1.h6', 'a1.h7']);
  });

  it('takes all sets there are where fewer exist than asked for, and says so', () => {
    const { sets, note } = drawControl(control(20), claim('a1.h0'), { ...model, heads: 4 }, 1);
    expect(sets.map((set) => set.join())).toHaveLength(3);
    expect(note).toBe('only 3 distinct sets exist, 20 were asked for');
  });

  it('draws nothing where the claim leaves too few heads', () => {
    const { sets, note } = drawControl(
      control(2),
      claim('a0.h0', 'a0.h1', 'a0.h2'),
      { ...model, layers: 1, heads: 4 },
      1,
    );
    expect(sets).toEqual([]);
    expect(note).toContain('too few heads');
  });
});
