import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { Refusal, type Split } from '../contract/index.ts';
import { root } from '../root.ts';
import { hasWorkerPython } from '../setup/paths.mjs';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';
import { behaviourNames, loadBehaviour, material, readBehaviour, taskNames } from './index.ts';

const scratch = temporaryFolder();

interface Pattern {
  slots?: unknown[];
  each?: unknown[];
  demonstration?: string;
  shots?: number;
  queries: string[];
  answer: string;
  rivals: string[];
  where?: unknown[];
  apart?: string[];
  split_by: string[];
  counterfactuals: unknown[];
}

const pattern: Pattern = {
  each: [
    { kind: 'range', slots: ['a', 'b'], low: 0, high: 9 },
    { kind: 'sum', slot: 'c', of: ['a', 'b', 'k'] },
    { kind: 'choice', slots: ['day'], list: 'days' },
  ],
  demonstration: '{a}+{b}={c}\n',
  shots: 2,
  queries: ['{a}+{b}='],
  answer: '{c}',
  rivals: ['{a}'],
  split_by: ['a', 'b'],
  counterfactuals: [{ name: 'plain', about: 'k is 0', slots: [{ kind: 'constant', slot: 'k', value: 0 }] }],
};

function file(name: string, changes: Partial<Pattern> = {}, more: object = {}): object {
  return {
    behaviour: name,
    kind: 'contrast-pairs',
    about: 'a',
    source: 's',
    split_seed: 1,
    lists: {
      days: ['Monday', 'Tuesday'],
      few: { low: 1, high: 3, digits: 2 },
      words: { words: 'words.csv', column: 'in' },
    },
    patterns: { sums: { ...pattern, ...changes } },
    tasks: [{ task: 'plus-one', pattern: 'sums', with: { k: 1 } }],
    ...more,
  };
}

function written(name: string, content: object): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'behaviour.yaml'), stringify(content));
  writeFileSync(join(folder, 'words.csv'), 'in,out\na,b\nc,d\n');
  return folder;
}

describe('contrast pairs as files', () => {
  it('become lists and tasks, the parameters first', () => {
    const loaded = readBehaviour(written('good', file('good')), 'good');
    expect(loaded.contrast?.lists).toEqual({ days: ['Monday', 'Tuesday'], few: ['01', '02', '03'], words: ['a', 'c'] });
    expect(taskNames(loaded)).toEqual(['plus-one']);
    expect(loaded.contrast?.tasks[0]?.slots).toEqual([{ kind: 'constant', slot: 'k', value: 1 }]);
    expect(material(loaded, 'held-out')).toMatchObject({ kind: 'contrast-pairs', split: 'held-out', split_seed: 1 });
  });

  const slot = (definition: object): Partial<Pattern> => ({ each: [...(pattern.each as object[]), definition] });
  const counterfactual = (...slots: object[]): Partial<Pattern> => ({
    counterfactuals: [{ name: 'other', about: 'a', slots }],
  });
  it.each<[string, Partial<Pattern>, string]>([
    ['slot-twice', slot({ kind: 'constant', slot: 'a', value: 1 }), 'the slot "a" stands twice'],
    ['slot-start', slot({ kind: 'constant', slot: 'START', value: 1 }), 'START, which is the first token'],
    ['slot-end', slot({ kind: 'constant', slot: 'END', value: 1 }), 'a slot is named END'],
    ['early', slot({ kind: 'sum', slot: 'd', of: ['e'] }), '"d" needs "e", which is not filled before it'],
    ['no-list', slot({ kind: 'choice', slots: ['d'], list: 'months' }), '"d" names the unknown list "months"'],
    [
      'lengths',
      slot({ kind: 'map', slot: 'd', of: 'day', list: 'days', to: 'few' }),
      'maps lists of different lengths',
    ],
    ['empty-range', slot({ kind: 'range', slots: ['d'], low: 2, high: 1 }), '"d" is drawn from an empty range'],
    ['order', slot({ kind: 'order', slots: ['d', 'e'], of: ['a', 'b', 'c'] }), '"d, e" orders 3 slots'],
    ['kind', slot({ kind: 'product', slot: 'd', of: ['a'] }), 'each'],
    ['misspelt', slot({ kind: 'same', slot: 'd', of: 'a', wrap: true }), 'wrap'],
    ['no-slot', { queries: ['{a}+{z}='] }, 'names "z", which is no slot'],
    ['brace', { queries: ['{a}+{b='] }, 'a brace stands alone'],
    ['placed-twice', { queries: ['{a}+{a}='] }, 'the slot "a" stands twice; give the second a slot of kind same'],
    [
      'set-in-prompt',
      { ...slot({ kind: 'items', slot: 'rest', list: 'days', which: 'after', of: 'day' }), queries: ['{rest}='] },
      'holds "rest", which is several items',
    ],
    ['split', { split_by: ['q'] }, '"q" is no slot'],
    ['bound', { where: [{ slot: 'c' }] }, 'the bound of "c" bounds nothing'],
    ['apart', { apart: ['k'] }, '"k" is the same in every line'],
    ['no-lines', { demonstration: undefined } as never, 'it has shots or apart, and no demonstration'],
    [
      'clean',
      { counterfactuals: [{ name: 'clean', about: 'a', slots: [{ kind: 'constant', slot: 'k', value: 0 }] }] },
      '"clean" stands twice',
    ],
    [
      'given',
      counterfactual({ kind: 'constant', slot: 'z', value: 0 }),
      'counterfactual "other": it gives "z", which is no slot',
    ],
    ['given-early', counterfactual({ kind: 'same', slot: 'a', of: 'b' }), 'counterfactual "other": "a" needs "b"'],
    ['given-drawn', counterfactual({ kind: 'range', slots: ['a'], low: 0, high: 1 }), 'counterfactuals'],
    ['none', { counterfactuals: [] }, 'counterfactuals'],
  ])('%s', (name, changes, why) => {
    const folder = written(name, file(name, changes));
    expect(() => readBehaviour(folder, name)).toThrow(Refusal);
    expect(() => readBehaviour(folder, name)).toThrow(why);
  });
  it.each<[string, object, string]>([
    ['no-pattern', { tasks: [{ task: 't', pattern: 'gone' }] }, 'task "t" asks for the pattern "gone"; there is sums'],
    ['two', { tasks: [1, 2].map((k) => ({ task: 't', pattern: 'sums', with: { k } })) }, 'the task "t" stands twice'],
    ['unset', { tasks: [{ task: 't', pattern: 'sums' }] }, '"c" needs "k"'],
    ['doubled', { lists: { days: ['Monday', 'Monday'] } }, 'the item "Monday" stands twice in the list "days"'],
    ['tiny', { lists: { days: { low: 1, high: 1, digits: 1 } } }, 'the list "days" has fewer than two items'],
    ['column', { lists: { days: { words: 'words.csv', column: 'gone' } } }, 'a list asks for column "gone"'],
  ])('%s', (name, more, why) => {
    expect(() => readBehaviour(written(name, file(name, {}, more)), name)).toThrow(why);
  });
});

interface Drawn {
  readonly task: string;
  readonly texts: Record<string, string>;
  readonly answers: string[];
  readonly rivals: string[];
}

const contrasts = behaviourNames({ folders: [] }).filter((name) => loadBehaviour(name).contrast !== null);

describe.skipIf(!hasWorkerPython())('the contrast pairs of the checkout, as the worker draws them', () => {
  const halves = contrasts.flatMap((name) =>
    (['search', 'held-out'] as Split[]).map((split) => ({ name, split, half: material(loadBehaviour(name), split) })),
  );
  const env = { ...process.env, PYTHONPATH: join(root, 'tools/worker') };
  const drawn = spawnSync(workerPython(), [join(root, 'tools/worker/tests/drawn_items.py')], {
    input: JSON.stringify(halves.map(({ half }) => half)),
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 28,
  });
  const items = (name: string, split: Split): Drawn[] => {
    expect(drawn.stderr).toBe('');
    return (
      (JSON.parse(drawn.stdout) as Drawn[][])[halves.findIndex((half) => half.name === name && half.split === split)] ??
      []
    );
  };

  it.each(contrasts)('%s: every task has pairs that differ, in halves that share none', (name) => {
    const [search, heldOut] = [items(name, 'search'), items(name, 'held-out')];
    for (const half of [search, heldOut]) {
      expect(new Set(half.map(({ task }) => task))).toEqual(new Set(taskNames(loadBehaviour(name))));
      for (const { texts, answers, rivals } of half) {
        expect(answers.filter((answer) => rivals.includes(answer))).toEqual([]);
        expect(new Set(Object.values(texts)).size).toBeGreaterThan(1);
      }
    }
    const told = new Set(search.map(({ texts }) => texts['clean']));
    expect(heldOut.filter(({ texts }) => told.has(texts['clean']))).toEqual([]);
  });

  it('indirect-object: the name that is missing follows, and S2 alone is exchanged', () => {
    for (const { texts, answers, rivals } of items('indirect-object', 'search')) {
      const words = (text: string | undefined): string[] => (text ?? '').split(/[ .,]+/);
      const [clean, swapped] = [words(texts['clean']), words(texts['s2-swap'])];
      const [io, subject] = [answers[0]?.trim(), rivals[0]?.trim()];
      expect(clean.filter((word) => word === io)).toHaveLength(1);
      expect(clean.filter((word) => word === subject)).toHaveLength(2);
      expect(swapped.filter((word, place) => word !== clean[place])).toEqual([io]);
      for (const name of [io, subject]) expect(words(texts['abc'])).not.toContain(name);
    }
  });

  const digits = (text: string | undefined): number[] =>
    [...(text ?? '').matchAll(/\d+/g)].map(([found]) => Number(found));
  it('off-by-one-addition: every line is off by k, the counterfactual by nothing, and no demonstration has the sum asked for', () => {
    const shift: Record<string, number> = { 'plus-one': 1, 'plus-two': 2, 'minus-one': -1, 'minus-two': -2 };
    const sums = items('off-by-one-addition', 'held-out').filter(({ task }) => task in shift);
    expect(sums).toHaveLength(160);
    for (const { task, texts, answers, rivals } of sums) {
      for (const [variant, k] of [
        ['clean', shift[task] as number],
        ['ordinary', 0],
      ] as const) {
        const numbers = digits(texts[variant]);
        expect(numbers).toHaveLength(14);
        for (const line of [0, 3, 6, 9]) {
          const [a, b, c] = numbers.slice(line) as [number, number, number];
          expect(c).toBe(a + b + k);
          expect(a + b).not.toBe(Number(rivals[0]));
        }
      }
      const [a, b] = digits(texts['clean']).slice(-2) as [number, number];
      expect([answers, rivals]).toEqual([[String(a + b + (shift[task] as number))], [String(a + b)]]);
    }
  });

  it('off-by-one-addition: the same shift on letters, a cipher, base 8 and a multiple choice', () => {
    const after = (letter: string | undefined, by: number): string =>
      String.fromCharCode((letter ?? '').charCodeAt(0) + by);
    for (const { task, texts, answers, rivals } of items('off-by-one-addition', 'search')) {
      const [answer, rival] = [answers[0]?.trim() ?? '', rivals[0]?.trim() ?? ''];
      const last = texts['clean']?.split('\n').at(-1) ?? '';
      if (task === 'letters-plus-one') {
        expect([answer, rival]).toEqual([after(rival, 1), after(last[0], digits(last)[0] as number)]);
      } else if (task === 'caesar-two') {
        expect(rival).toBe(last[0]);
        expect((answer.charCodeAt(0) - rival.charCodeAt(0) + 26) % 26).toBe(2);
      } else if (task === 'base-8') {
        const [a, b] = digits(last) as [number, number];
        expect([rival, Number.parseInt(answer, 8)]).toEqual([
          String(a + b),
          Number.parseInt(`${a}`, 8) + Number.parseInt(`${b}`, 8),
        ]);
      } else if (task === 'choice-plus-one') {
        expect(answer).toBe(after(rival, 1));
      }
    }
  });

  it('greater-than: the later years of the century against the others', () => {
    for (const { task, texts, answers, rivals } of items('greater-than', 'search')) {
      const [year] = /\d{4}/.exec(texts['clean'] ?? '') ?? [];
      const of = Number(year?.slice(2));
      const [later, others] = task === 'greater-than' ? [answers, rivals] : [rivals, answers];
      expect([later.length, others.length, Number(later[0]), Number(others.at(-1))]).toEqual([99 - of, of, of + 1, of]);
      expect(texts['start-01']).toBe(texts['clean']?.replace(String(year), `${year?.slice(0, 2)}01`));
    }
  });

  it('successor and colored-objects: the answer follows from the prompt, and the counterfactual asks for a rival', () => {
    for (const { task, texts, answers, rivals } of items('successor', 'search').filter(
      (item) => item.task === 'numerals',
    )) {
      const [row, other] = [digits(texts['clean']), digits(texts['elsewhere'])];
      expect([task, row[2], other[2]]).toEqual(['numerals', Number(answers[0]) - 1, Number(rivals[0]) - 1]);
    }
    for (const { texts, answers, rivals } of items('colored-objects', 'search')) {
      const asked = (text: string | undefined): string => {
        const query = text?.split('\n\n').at(-1) ?? '';
        return new RegExp(`a (\\w+) ${/color is the (\w+)/.exec(query)?.[1]}[,.]`).exec(query)?.[1] ?? '';
      };
      expect(answers).toEqual([` ${asked(texts['clean'])}`]);
      expect(rivals).toContain(` ${asked(texts['other-thing'])}`);
    }
  });
});
