/** Prompts of a study as files give them, and what is said where two sets are no pairs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { nullOf, percentile } from './effects.ts';
import { readPairs, readPrompts } from './pairs.ts';
import { candidates, turningMost } from './single.ts';
import { tasksOf } from './study.ts';

const folder = temporaryFolder();
function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe('sets of prompts', () => {
  it('are read in three forms', () => {
    const asked = [{ prompt: 'Q: two\nA:', answer: ' three' }];
    expect(readPrompts(file('a.jsonl', `${JSON.stringify(asked[0])}\n\n`))).toEqual(asked);
    expect(readPrompts(file('mark.txt', '\ufeffQ: two\\nA:\t three\r\n'))).toEqual(asked);
    expect(readPrompts(file('a.txt', 'Q: two\\nA:\t three\n'))).toEqual(asked);
    const template = 'prompt: "Q: {n}\\nA:"\nanswer: " {m}"\nrows:\n  - { n: two, m: three }\n  - { n: 3, m: "4" }\n';
    expect(readPrompts(file('a.yaml', template))).toEqual([...asked, { prompt: 'Q: 3\nA:', answer: ' 4' }]);
  });
  const base = file('base.txt', 'a b\t c\na d\t e\n');
  it.each<[string, string, string | Buffer]>([
    ['are no two sets of pairs: one has 2 prompts and the other 1', 'one.txt', 'x y\t z\n'],
    ['pair 2 has the same prompt twice', 'same.txt', 'x y\t z\na d\t f\n'],
    ['pair 1 has the answer " c" twice', 'answer.txt', 'x y\t c\na x\t f\n'],
    ['line 2 is not a prompt, one tab and its answer', 'tabs.txt', 'x y\t z\nno answer\n'],
    ['it holds no prompt', 'empty.txt', '\n'],
    ['line 1 is not JSON', 'bad.jsonl', 'x\n'],
    ['line 1 is not {"prompt": …, "answer": …}', 'shape.jsonl', '{"prompt":"x"}\n'],
    ['row 1 has no "m"', 'slot.yaml', 'prompt: "{n}"\nanswer: "{m}"\nrows: [{ n: a }]\n'],
    ['it is not a template', 'no.yaml', 'prompt: [\n'],
    ['it is not text in UTF-8', 'latin.txt', Buffer.from('caf\xe9\t c\nx\t f\n', 'latin1')],
    ['it does not exist', '', ''],
  ])('%s', (why, name, text) => {
    const other = name === '' ? join(folder, 'nowhere.txt') : file(name, text);
    expect(() => readPairs(base, other)).toThrow(why);
  });
});

describe('the null', () => {
  const pair = (base: string, answer: string) => ({ base, contrast: 'x', answer, versus: ' v' });
  it('takes base prompts of other pairs, with the same answers where most have such', () => {
    const same = tasksOf([pair('a b', ' 1'), pair('c d', ' 1'), pair('e f', ' 2'), pair('g h', ' 2')]);
    expect(same['other-1-001']?.contrast).toBe('c d');
    expect(same['other-1-003']?.contrast).toBe('g h');
    expect(Object.keys(same).filter((name) => name.startsWith('other'))).toHaveLength(2);
    const different = tasksOf([pair('a b', ' 1'), pair('c d', ' 2'), pair('e f g', ' 3')]);
    expect(Object.keys(different).filter((name) => name.startsWith('other'))).toEqual(['other-1-001']);
    expect(Object.keys(tasksOf([pair('a', ' 1')]))).toEqual(['pair-001']);
  });
  it('is the 99th percentile of the sizes of mean effects', () => {
    expect(percentile([1, 2, 3, 4, 5], 0.5)).toBe(3);
    expect(percentile([0, 1], 0.99)).toBeCloseTo(0.99);
    expect(nullOf([], [], true)).toBeNull();
    const two = [[{ effects: [-3, -1] }, { effects: [1, -1] }]];
    expect(nullOf(two, [['x', 'y']], true)).toMatchObject({ threshold: expect.closeTo(1.98), effects: 2, pairs: 2 });
  });
});

describe('a single prompt', () => {
  it('is held against the contrast that turns the model, of the lowest rank the one that turns it the most', () => {
    const measured = (...rows: readonly (readonly [number, number])[]) =>
      rows.map(([rank, logit_difference]) => ({ rank, logit_difference }));
    expect(turningMost(measured([0, 2], [1, -1], [1, -3], [3, -9]))).toEqual({ rank: 1, logit_difference: -3 });
    expect(turningMost(measured([0, 2], [2, 0], [3, 1]))).toEqual({ rank: 2, logit_difference: 0 });
  });
  it('is contrasted by one answer in the place of the other, by both exchanged, or by another word, those near the end first', () => {
    const found = candidates('Mary saw Tom. Tom gave Mary', ' Tom', ' Mary');
    expect(found[0]?.pair).toMatchObject({ contrast: 'Mary saw Tom. Mary gave Mary', answer: ' Tom', versus: ' Mary' });
    expect(found.filter(({ rank }) => rank < 2).map(({ pair }) => pair.contrast)).toEqual([
      'Mary saw Tom. Mary gave Mary',
      'Mary saw Mary. Tom gave Mary',
      'Mary saw Tom. Tom gave Tom',
      'Tom saw Tom. Tom gave Mary',
      'Tom saw Mary. Mary gave Tom',
    ]);
    expect(found.map(({ rank }) => rank)).toEqual(found.map(({ rank }) => rank).toSorted((a, b) => a - b));
    expect(candidates('two and two', ' four', ' five')[0]?.pair.contrast).toBe('two and five');
    expect(candidates('Mary saw Tom', ' Tom', ' Mary')[0]?.says).toBe('the two answers exchanged in the prompt');
  });
  it('needs two answers and a word', () => {
    expect(() => candidates('two and two', ' four', ' four')).toThrow('has the answer " four" twice');
    expect(() => candidates('two and two', '', ' four')).toThrow('the prompt has an empty answer');
    expect(() => candidates('...', ' ', '  ')).toThrow('the prompt has no contrast');
  });
});
