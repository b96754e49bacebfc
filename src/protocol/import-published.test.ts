import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hashOf, Material, Refusal } from '../contract/index.ts';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { importFunctionVectors, loadBehaviour, material, writeImported } from './index.ts';
import { publishedData } from './published-data.ts';

const fixture = join(root, 'src/protocol/fixtures/published');
const published = join(root, '../shared/data/function_vectors');
const scratch = temporaryFolder();

/** A copy of the fixture that a test may change. */
function copy(name: string): string {
  const folder = join(scratch, name);
  cpSync(fixture, folder, { recursive: true });
  return folder;
}

describe('the importer', () => {
  const imported = importFunctionVectors(fixture, 'toy');
  const tasks = new Map(imported.behaviour.tasks.map((task) => [task.task, task]));

  it('verifies what is published, and says what is not', () => {
    expect(imported.files).toEqual([
      { file: 'abstractive/my_upper case.json', task: 'my-upper-case', verified: false, pairs: 20 },
      { file: 'abstractive/singular-plural.json', task: 'singular-plural', verified: true, pairs: 205 },
      { file: 'extractive/first_of_3.json', task: 'first-of-3', verified: false, pairs: 4 },
    ]);
    expect(imported.warnings).toEqual([
      'abstractive/my_upper case.json is not among the published files, so its content is not verified.',
      'abstractive/my_upper case.json: 1 row trimmed.',
      'abstractive/my_upper case.json: 1 row left out, an input that stands in an earlier row.',
      'extractive/first_of_3.json is not among the published files, so its content is not verified.',
    ]);
    expect(imported.behaviour.file.about).toContain('not verified');
    expect(tasks.get('first-of-3')?.pairs[0]).toEqual({ input: 'red, cat, dog', output: 'red' });
  });
  it('tasks that share most inputs are one domain', () => {
    const folder = copy('domains');
    const rows = JSON.parse(readFileSync(join(folder, 'abstractive/singular-plural.json'), 'utf8')) as {
      input: string;
    }[];
    const shout = rows.slice(0, 150).map(({ input }) => ({ input, output: `${input}!` }));
    writeFileSync(join(folder, 'abstractive/zz_shout.json'), JSON.stringify(shout));
    const domains = importFunctionVectors(folder).behaviour.tasks.map(({ task, domain }) => [task, domain]);
    expect(domains).toEqual([
      ['my-upper-case', 'my-upper-case'],
      ['singular-plural', 'singular-plural'],
      ['zz-shout', 'singular-plural'],
      ['first-of-3', 'first-of-3'],
    ]);
  });
  it('gives materials, and reads back what it writes', () => {
    const folder = writeImported(imported.behaviour, join(scratch, 'written'));
    expect(folder).toBe(join(scratch, 'written/toy'));
    const loaded = loadBehaviour('toy', { folders: [join(scratch, 'written')] });
    expect(loaded).toEqual(imported.behaviour);
    for (const split of ['search', 'held-out'] as const) {
      expect(Material.parse(material(loaded, split))).toEqual(material(imported.behaviour, split));
    }
    expect(readdirSync(join(scratch, 'written'))).toEqual(['toy']);
    expect(() => writeImported(imported.behaviour, join(scratch, 'written'))).toThrow('it is there already');
  });
  it('reads dataset_files of a clone', () => {
    cpSync(fixture, join(scratch, 'clone/dataset_files'), { recursive: true });
    expect(importFunctionVectors(join(scratch, 'clone'), 'toy')).toEqual(imported);
  });
  it('refuses a published file with other content', () => {
    const folder = copy('changed');
    const file = join(folder, 'abstractive/singular-plural.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('wallets', 'walets'));
    expect(() => importFunctionVectors(folder)).toThrow(Refusal);
    expect(() => importFunctionVectors(folder)).toThrow('it has the name of a published file but other content');
  });
  it('line ends and spaces of a file do not count', () => {
    const folder = copy('spaced');
    const file = join(folder, 'abstractive/singular-plural.json');
    writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8')), null, 4).replaceAll('\n', '\r\n'));
    expect(importFunctionVectors(folder).files[1]?.verified).toBe(true);
  });
  it.each<[string, string, string]>([
    ['half a file', '[{"input": "a", "out', 'cannot be used'],
    ['an object', '{"a": "b"}', 'expected array'],
    ['another field', '[{"input": "a", "output": "b", "label": 1}]', 'label'],
    ['a number', '[{"input": 1, "output": "b"}]', '[0].input'],
    ['no rows', '[]', 'the top level'],
    ['one input', '[{"input": "a", "output": "b"}, {"input": "a", "output": "c"}]', 'fewer than two different inputs'],
  ])('refuses %s', (name, content, why) => {
    const folder = copy(`bad ${name}`);
    writeFileSync(join(folder, 'extractive/bad.json'), content);
    expect(() => importFunctionVectors(folder)).toThrow(Refusal);
    expect(() => importFunctionVectors(folder)).toThrow(why);
  });
  it('refuses two files that give one task, and a folder without data', () => {
    const folder = copy('same');
    cpSync(join(folder, 'extractive/first_of_3.json'), join(folder, 'extractive/first-of-3.json'));
    expect(() => importFunctionVectors(folder)).toThrow('another file also gives a task named "first-of-3"');
    expect(() => importFunctionVectors(join(scratch, 'nowhere'))).toThrow('there is no such folder');
    expect(() => importFunctionVectors(root)).toThrow('it holds no JSON files in abstractive or extractive');
  });
});

describe('the published files themselves', () => {
  beforeEach((context) => {
    if (!existsSync(published)) context.skip('put a clone of the real files at ../shared/data/function_vectors');
  });
  it('are all verified, with their known blemishes', () => {
    const { files, warnings, behaviour } = importFunctionVectors(published);
    expect(files.map(({ file }) => file)).toEqual(Object.keys(publishedData().files));
    expect(files.every(({ verified }) => verified)).toBe(true);
    expect(warnings).toEqual([
      'abstractive/english-german.json: 3 rows trimmed.',
      'abstractive/landmark-country.json: 1 row left out, an input that stands in an earlier row.',
      'abstractive/national_parks.json: 31 rows left out, an input that stands in an earlier row.',
      'abstractive/next_item.json: 8 rows left out, an input that stands in an earlier row.',
      'abstractive/park-country.json: 1 row left out, an input that stands in an earlier row.',
      'abstractive/person-instrument.json: 5 rows left out, an input that stands in an earlier row.',
      'abstractive/prev_item.json: 8 rows left out, an input that stands in an earlier row.',
      'abstractive/product-company.json: 28 rows left out, an input that stands in an earlier row.',
    ]);
    for (const split of ['search', 'held-out'] as const)
      expect(() => Material.parse(material(behaviour, split))).not.toThrow();
    const domain = (task: string): string | undefined =>
      behaviour.tasks.find((candidate) => candidate.task === task)?.domain;
    expect(domain('english-spanish')).toBe(domain('english-french'));
    expect(domain('country-currency')).toBe(domain('country-capital'));
    expect(domain('prev-item')).toBe(domain('next-item'));
    expect(domain('antonym')).not.toBe(domain('synonym'));
  });
  it('survive being written and read', () => {
    const { behaviour } = importFunctionVectors(published);
    writeImported(behaviour, join(scratch, 'real'));
    const loaded = loadBehaviour('function-vectors-published', { folders: [join(scratch, 'real')] });
    expect(hashOf(loaded.tasks)).toBe(hashOf(behaviour.tasks));
  });
});
