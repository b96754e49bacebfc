/** Published figures: what is read from files of their formats, and what is refused. */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { chanceOfSharing } from '../../evals/checkers/index.ts';
import { Refusal } from '../contract/index.ts';
import { root } from '../root.ts';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { gridOf, rankingFor, readFigures } from './index.ts';

const fixture = join(root, 'src/grid/fixtures/published');
const heads = join(fixture, 'ranked-heads.json');
const matrices = join(fixture, 'sender-matrices.json');
const accuracy = join(fixture, 'accuracy.csv');
const shared = join(root, '../shared/data');
const real = [join(shared, 'function_vectors'), join(shared, 'function_induction')];

/** A file with one thing changed. */
function changed(file: string, name: string, from: string | RegExp, to: string): string {
  const text = readFileSync(file, 'utf8');
  const other = text.replace(from, to);
  if (other === text) throw new Error(`nothing to change in ${file}`);
  const path = join(temporaryFolder(), name);
  writeFileSync(path, other);
  return path;
}

describe('figures', () => {
  it('become cells with their source; what has no known hash is not verified', () => {
    const cells = readFigures([heads, matrices, accuracy]);
    expect(cells.map(({ card, model, figures }) => [card, model, figures.kind])).toEqual([
      ['gemma-2-2b', 'google/gemma-2-2b', 'ranking'],
      [null, 'nobody/model', 'ranking'],
      [null, 'nobody/model', 'sender-matrix'],
      [null, 'nobody/model', 'sender-matrix'],
      ['gemma-2-9b', 'google/gemma-2-9b', 'accuracy'],
      [null, 'nobody/model', 'accuracy'],
    ]);
    expect(cells[0]?.source).toMatchObject({ repository: 'nobody/nothing', commit: 'abc1234', verified: false });
    expect(rankingFor(cells[2] as never)).toEqual({
      role: null,
      heads: ['a1.h0', 'a1.h1', 'a0.h1', 'a0.h2'],
      ordered: true,
    });
    expect(rankingFor(cells[3] as never)).toBeNull();
    expect(cells[4]?.figures).toMatchObject({
      rows: [
        { shots: 4, contrast: 0.33 },
        { shots: 16, contrast: 0.86, base: 0.11 },
      ],
    });
  });

  it('are kept once, a later import taking the place of an earlier one, and the grid shows them', () => {
    const record = openRecord(join(temporaryFolder(), 'runs.db'));
    const cells = readFigures([heads, accuracy]);
    expect([record.addPublished(cells), record.addPublished(cells)]).toEqual([4, 0]);
    expect(record.addPublished(readFigures([changed(heads, 'newer.json', '0.05], [11', '0.06], [11')]))).toBe(2);
    const kept = record.published().filter(({ card }) => card === 'gemma-2-2b');
    expect(kept).toHaveLength(1);
    expect(kept[0]?.figures).toMatchObject({ heads: [{ component: 'a9.h1', effect: 0.06 }, {}, {}] });
    const { cells: measured, published } = gridOf(record);
    expect(measured).toEqual([]);
    expect(published.map(({ model }) => model)).toContain('google/gemma-2-2b');
    const llama = published.filter(({ card }) => card === 'llama-2-7b');
    expect(llama.map(({ finding }) => finding).sort()).toEqual(['function-induction', 'function-vector-heads']);
  });

  it.each<[string, () => string, string]>([
    ['half a file', () => changed(heads, 'x.json', /"lists"[\s\S]*/, ''), 'it is not JSON'],
    ['neither of both', () => changed(heads, 'x.json', '"lists"', '"listen"'), 'neither "lists" of ranked heads nor'],
    [
      'a head that the model has not',
      () => changed(heads, 'x.json', '[9, 1,', '[26, 1,'),
      'which has 26 layers of 8 heads',
    ],
    ['a head twice', () => changed(heads, 'x.json', '[3, 0,', '[9, 1,'), 'names a9.h1 twice'],
    ['an empty list', () => changed(heads, 'x.json', '[[99, 63, 0.05]]', '[]'), 'lists[1].heads'],
    ['no source', () => changed(heads, 'x.json', '"commit"', '"comit"'), 'source.commit'],
    ['a matrix of another shape', () => changed(matrices, 'x.json', '[2, 3]', '[3, 2]'), 'into logits is not 3 by 2'],
    ['a value input of no head', () => changed(matrices, 'x.json', /"head": 0,\s*/, ''), 'names no head'],
    ['a missing column', () => changed(accuracy, 'x.csv', 'cf_acc', 'accuracy'), 'no column "cf_acc"'],
    ['no share', () => changed(accuracy, 'x.csv', '0.86', '86'), '"86" is no share'],
    ['half a number', () => changed(accuracy, 'x.csv', '1,16,0.86', '1,1.5,0.86'), '"1.5" is no whole number'],
    [
      'a known name with other content',
      () => changed(heads, 'published-heads.json', '0.04', '0.05'),
      'but other content',
    ],
    ['nothing', () => join(fixture, 'nowhere'), 'there is no such file or folder'],
    ['a folder without figures', () => root, 'it holds none of published-heads.json'],
  ])('refuses %s', (_name, file, why) => {
    const path = file();
    expect(() => readFigures([path])).toThrow(Refusal);
    expect(() => readFigures([path])).toThrow(why);
  });

  it('line ends do not count', () => {
    const folder = temporaryFolder();
    cpSync(accuracy, join(folder, 'a.csv'));
    writeFileSync(join(folder, 'b.csv'), readFileSync(accuracy, 'utf8').replaceAll('\n', '\r\n'));
    const [a, b] = ['a.csv', 'b.csv'].map((name) => readFigures([join(folder, name)]));
    expect(a).toEqual(b);
  });
});

describe('the published figures themselves', () => {
  beforeEach((context) => {
    if (!real.every((folder) => existsSync(folder))) context.skip('put the published figures at ../shared/data');
  });

  it('are all verified and say what their papers say', () => {
    const cells = readFigures(real);
    expect(cells).toHaveLength(5 + 41 + 8);
    expect(cells.every(({ source }) => source.verified)).toBe(true);
    const first = (model: string, finding: string): string[] => {
      const whole = cells.filter((cell) => cell.card === model && cell.finding === finding);
      return whole.flatMap((cell) => rankingFor(cell)?.heads.slice(0, 3) ?? []);
    };
    expect(first('llama-2-7b', 'function-vector-heads')).toEqual(['a14.h1', 'a11.h2', 'a9.h25']);
    expect(first('gemma-2-9b', 'function-induction')).toEqual(['a39.h7', 'a41.h4', 'a36.h7']);
    expect(first('mistral-7b', 'function-induction')[0]).toBe('a30.h4');
    const gemma = cells.find(({ card, figures }) => card === 'gemma-2-9b' && figures.kind === 'accuracy')?.figures;
    const main = gemma?.kind === 'accuracy' ? gemma.rows : [];
    expect(
      main
        .filter(({ setting, nmax, offset }) => setting === 'setting1' && nmax === 9 && offset === 1)
        .map(({ contrast }) => contrast),
    ).toEqual([expect.any(Number), 0.33, 0.63, 0.86, 0.97]);
  });

  it('put two circuits of Llama-2-7B side by side: hardly any head of one is in the other', () => {
    const cells = readFigures(real).filter(({ card }) => card === 'llama-2-7b');
    const [vectors = [], induction = []] = ['function-vector-heads', 'function-induction'].map((finding) =>
      cells.filter((cell) => cell.finding === finding).flatMap((cell) => rankingFor(cell)?.heads ?? []),
    );
    const seven = induction.filter((head) =>
      ['a29.h16', 'a31.h4', 'a29.h26', 'a31.h30', 'a30.h26', 'a30.h3', 'a16.h24'].includes(head),
    );
    expect(seven.map((head) => vectors.indexOf(head) + 1).filter((rank) => rank > 0)).toEqual([44, 32]);
    expect(chanceOfSharing(2, 7, 100, 1024)).toBeGreaterThan(0.1);
  });
});
