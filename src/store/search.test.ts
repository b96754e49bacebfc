/** Search: what stands in the record is found, and nothing else; the index may be lost. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Refusal } from '../contract/index.ts';
import { SearchIndex } from './search.ts';
import { called, freshRecord, opened, openRun } from './testing.ts';

function searched(texts: readonly string[]) {
  const { record, dir } = freshRecord();
  const { run } = openRun(record);
  record.append(run, 'open', opened(record.findRun(run)));
  for (const [n, text] of texts.entries()) record.append(run, `search/${n}`, called(text));
  const file = join(dir, 'search.db');
  const index = new SearchIndex(file);
  index.update(record, run);
  const steps = (...words: string[]): number[] => index.find(record, run, words, 10).hits.map(({ step }) => step.seq);
  return { record, run, index, file, steps };
}

test('finds the steps that hold every word, whatever its case and accents', () => {
  const { steps } = searched(['The Antonym of hot', 'café and antonym', 'cold']);
  expect(steps('antonym')).toEqual([2, 3]);
  expect(steps('ANTONYM', 'Cafe')).toEqual([3]);
  expect(steps('antonyms')).toEqual([]);
  expect(steps()).toEqual([]);
});

test('acts, numbers and components can be searched; names of fields cannot', () => {
  const { steps } = searched(['head a1.h7 gives 0.4215']);
  expect(steps('a1')).toEqual([2]);
  expect(steps('4215')).toEqual([2]);
  expect(steps('because')).toEqual([]);
});

test('what looks like the language of the index is a word like any other', () => {
  const { steps } = searched(['one', 'OR "quoted" NEAR']);
  for (const word of ['OR', 'NEAR', '"', '*', 'text:one', 'one" OR "one', "'; DROP TABLE word"])
    expect(() => steps(word)).not.toThrow();
  expect(steps('one" OR "quoted')).toEqual([]);
});

test('two runs do not find each other, and more than is shown is counted', () => {
  const { record, run, index } = searched(Array.from({ length: 30 }, () => 'same'));
  const other = openRun(record).run;
  record.append(other, 'open', opened(record.findRun(other)));
  record.append(other, 'search/1', called('same'));
  index.update(record, other);
  expect(index.find(record, run, ['same'], 10)).toMatchObject({ steps: 30 });
  expect(index.find(record, other, ['same'], 10)).toMatchObject({ steps: 1 });
});

test('it goes on where it stopped, and is made again when it was lost', () => {
  const { record, run, index, file, steps } = searched(['first']);
  record.append(run, 'search/more', called('second'));
  index.update(record, run);
  expect(steps('second')).toEqual([3]);
  index.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  const again = new SearchIndex(file);
  again.update(record, run);
  expect(again.find(record, run, ['first'], 1).steps).toBe(1);
});

test('a letter that is younger than the index is refused in a sentence, or not found', () => {
  const { steps } = searched(['old']);
  for (const word of ['\u{1e922}\u{1e923}a', '\u{16e40}b', '\u{323af}'])
    try {
      expect(steps(word)).toEqual([]);
    } catch (error) {
      expect(error).toBeInstanceOf(Refusal);
    }
});
