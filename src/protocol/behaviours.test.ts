import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Material, Refusal, type Task } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { readCsv, writeCsv } from './csv.ts';
import { behaviourNames, loadBehaviour, material, readBehaviour, splitHash } from './index.ts';

const scratch = temporaryFolder();

describe('word lists', () => {
  it('reads quoted fields, doubled quotes, both line ends and a missing last one', () => {
    const text = '\uFEFFa,b\r\n"x, y","say ""so"""\r\nplain,"two\nlines"';
    expect(readCsv(text, 'f.csv')).toEqual({
      columns: ['a', 'b'],
      rows: [
        ['x, y', 'say "so"'],
        ['plain', 'two\nlines'],
      ],
    });
  });
  it('writes what it reads', () => {
    const table = {
      columns: ['a', 'b,c'],
      rows: [
        ['x, y', 'say "so"'],
        ['œuf', 'two\nlines'],
      ],
    };
    expect(readCsv(writeCsv(table), 'f.csv')).toEqual(table);
  });
  it.each([
    ['', 'line 1', 'a header and at least one row'],
    ['a,b\n', 'line 1', 'a header and at least one row'],
    ['a,a\n1,2\n', 'line 1', 'column "a" stands twice'],
    ['a,b\n1,2\n1\n', 'line 3', '1 cells where the header has 2'],
    ['a,b\n1,2,3\n', 'line 2', '3 cells where the header has 2'],
    ['a,b\n1,\n', 'line 2', 'a cell is empty'],
    ['a,b\n1, 2\n', 'line 2', 'white space at its ends'],
    ['a,b\n"x\ny",2\n1,"open\n', 'line 4', 'a quote is not closed'],
    ['a,b\n1,2"3\n', 'line 2', 'a quote is not closed or stands inside'],
    ['a,b\n1,"2"3\n', 'line 2', 'a quote is not closed or stands inside'],
    ['a,b\n1,2\n\n3,4\n', 'line 3', '1 cells'],
  ])('refuses %j', (text, line, why) => {
    expect(() => readCsv(text, 'f.csv')).toThrow(Refusal);
    expect(() => readCsv(text, 'f.csv')).toThrow(`${line} of the word list f.csv`);
    expect(() => readCsv(text, 'f.csv')).toThrow(why);
  });
});

describe('the behaviours of the checkout', () => {
  const behaviour = loadBehaviour('in-context-functions');
  const halves = [material(behaviour, 'search'), material(behaviour, 'held-out')].map((half) => {
    if (half.kind !== 'in-context') throw new Error('not in-context');
    return half;
  });

  it('all load, and their halves are materials', () => {
    for (const name of behaviourNames()) {
      const loaded = loadBehaviour(name);
      for (const split of ['search', 'held-out'] as const)
        expect(() => Material.parse(material(loaded, split))).not.toThrow();
      expect(splitHash(material(loaded, 'search'))).not.toBe(splitHash(material(loaded, 'held-out')));
    }
  });
  const common = (a: Task, b: Task): string[] =>
    a.pairs.map(({ output }) => output).filter((word) => b.pairs.some(({ output }) => output === word));
  it('has the tasks of the finding: shared inputs, shared outputs, answers of several words', () => {
    const domains = new Set(behaviour.tasks.map(({ domain }) => domain));
    const several = [...domains].filter(
      (domain) => behaviour.tasks.filter((task) => task.domain === domain).length > 1,
    );
    expect(behaviour.tasks.length).toBeGreaterThanOrEqual(12);
    expect(several.length).toBeGreaterThanOrEqual(3);
    const sharing = behaviour.tasks.filter((task) =>
      behaviour.tasks.some((other) => other !== task && other.domain === task.domain && common(task, other).length > 0),
    );
    expect(sharing.map(({ task }) => task)).toEqual([
      'antonym',
      'synonym',
      'next-item',
      'previous-item',
      'item-after-next',
      'first-of-three',
      'middle-of-three',
      'last-of-three',
    ]);
    expect(behaviour.tasks.some(({ pairs }) => pairs.some(({ output }) => output.includes(' ')))).toBe(true);
  });
  it('no answer equals its input', () => {
    for (const { pairs } of behaviour.tasks) for (const { input, output } of pairs) expect(output).not.toBe(input);
  });
  it('halves of a domain are disjoint, complete, alike in size and the same for every task', () => {
    const [search, heldOut] = halves as [(typeof halves)[0], (typeof halves)[0]];
    const inputs = (half: typeof search, index: number): string[] =>
      half.tasks[index]?.pairs.map(({ input }) => input) ?? [];
    behaviour.tasks.forEach((task, index) => {
      const [ours, theirs] = [inputs(search, index), inputs(heldOut, index)];
      expect([...ours, ...theirs].sort()).toEqual(task.pairs.map(({ input }) => input).sort());
      expect(ours.length - theirs.length).toBeGreaterThanOrEqual(0);
      expect(ours.length - theirs.length).toBeLessThanOrEqual(1);
      const first = behaviour.tasks.findIndex(({ domain }) => domain === task.domain);
      expect(ours).toEqual(inputs(search, first));
    });
  });
  it('the halves are pinned, order included: another split would make every earlier record incomparable', () => {
    expect(halves.map((half) => half.tasks[0]?.pairs.slice(0, 4).map(({ input }) => input))).toEqual(PINNED);
  });
});

describe('refusals', () => {
  const write = (name: string, yaml: string, words = 'in,out\na,b\nc,d\n'): string => {
    const folder = join(scratch, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'behaviour.yaml'), yaml);
    writeFileSync(join(folder, 'words.csv'), words);
    return folder;
  };
  const yaml = (
    name: string,
    task = '{ task: t, domain: d, words: words.csv, input: in, output: out }',
    more = '',
  ): string =>
    `behaviour: ${name}\nkind: in-context\nabout: a\nsource: s\ntemplate: { input_prefix: "Q:", output_prefix: "A:", separator: "\\n", end: "\\n\\n" }\nsplit_seed: 1\n${more}tasks:\n  - ${task}\n`;

  it('offers the nearest name', () => {
    expect(() => loadBehaviour('in-context-funtions')).toThrow('did you mean in-context-functions?');
    expect(() => loadBehaviour('zzz')).toThrow(/^there is no behaviour named "zzz": \d are known. Instead: use one of/);
  });
  it.each<[string, string, string | undefined, string]>([
    ['other-name', yaml('another'), undefined, 'it names itself "another"'],
    ['bad-yaml', 'behaviour: [', undefined, 'behaviour.yaml cannot be used'],
    ['twice-key', 'behaviour: a\nbehaviour: b\n', undefined, 'must be unique'],
    ['unknown-field', yaml('unknown-field', undefined, 'speed: 3\n'), undefined, 'speed'],
    ['no-kind', 'behaviour: no-kind\n', undefined, 'kind'],
    [
      'column',
      yaml('column', '{ task: t, domain: d, words: words.csv, input: in, output: result }'),
      undefined,
      'asks for column "result"; words.csv has in, out',
    ],
    [
      'no-file',
      yaml('no-file', '{ task: t, domain: d, words: gone.csv, input: in, output: out }'),
      undefined,
      'it does not exist',
    ],
    [
      'outside',
      yaml('outside', '{ task: t, domain: d, words: ../column/words.csv, input: in, output: out }'),
      undefined,
      'lies outside',
    ],
    ['repeats', yaml('repeats'), 'in,out\na,b\na,c\n', 'the input "a" stands in two rows'],
    ['empty', '', undefined, 'the top level'],
  ])('%s', (name, text, words, why) => {
    const folder = write(name, text, words);
    expect(() => readBehaviour(folder, name)).toThrow(Refusal);
    expect(() => readBehaviour(folder, name)).toThrow(why);
  });
  it('a task twice, and a half without pairs', () => {
    const line = '{ task: t, domain: d, words: words.csv, input: in, output: out }';
    expect(() => readBehaviour(write('two', yaml('two', `${line}\n  - ${line}`)), 'two')).toThrow(
      'task "t" stands twice',
    );
    const single = readBehaviour(write('single', yaml('single'), 'in,out\na,b\n'), 'single');
    expect(() => material(single, 'held-out')).toThrow('has no pair in its held-out half');
  });
  it('finds behaviours of another folder, and refuses to shadow one of ours', () => {
    write('mine', yaml('mine'));
    expect(loadBehaviour('mine', { folders: [scratch] }).tasks).toHaveLength(1);
    expect(behaviourNames({ folders: [scratch] })).toContain('mine');
    expect(behaviourNames({ folders: [] })).not.toContain('mine');
    write('in-context-functions', yaml('in-context-functions'));
    expect(() => loadBehaviour('in-context-functions', { folders: [scratch] })).toThrow('it stands in 2 folders');
  });
});

const PINNED = [
  ['Peru', 'Italy', 'Denmark', 'Sweden'],
  ['India', 'Argentina', 'Canada', 'Iceland'],
];
