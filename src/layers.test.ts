/** Every TypeScript and JavaScript file keeps the import rules, and the check itself finds what is planted. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, layerOf, layers, type Source, violations } from './layers.ts';
import { root } from './root.ts';

const SKIPPED = new Set(['node_modules', '.venv', '__pycache__']);

function sources(folder: string): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : sources(path);
    if (!/\.[cm]?[jt]sx?$/.test(entry.name)) return [];
    return [{ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }];
  });
}

const all = ['src', 'agents', 'tools', 'evals'].flatMap((room) => sources(join(root, room)));

test('every file keeps the rules', async () => {
  expect(all.length).toBeGreaterThan(50);
  expect((await Promise.all(all.map(violations))).flat()).toEqual([]);
});

test('the table names only layers that it defines, and no layer imports in a circle', () => {
  const names = layers.map(({ layer }) => layer);
  expect(new Set(names).size).toBe(names.length);
  const done = new Set<string>();
  while (done.size < names.length) {
    const next = layers.filter(
      ({ layer, may_import }) => !done.has(layer) && may_import.every((name) => done.has(name)),
    );
    expect(next.length, `left over: ${names.filter((name) => !done.has(name))}`).toBeGreaterThan(0);
    for (const { layer } of next) done.add(layer);
  }
});

test('every exception is needed still', async () => {
  for (const { exceptions } of layers)
    for (const { path, import: name } of exceptions) {
      const source = all.find((file) => file.path === path);
      const found = source === undefined ? [] : await importsOf(source);
      const written = found.map((item) => item ?? 'computed');
      expect(
        written.some((item) => item === name || item.startsWith(`${name}/`)),
        `${path} no longer imports ${name}`,
      ).toBe(true);
    }
});

test('the longest path decides', () => {
  expect(layerOf('evals/checkers/compare.ts')?.layer).toBe('checkers');
  expect(layerOf('evals/other/compare.ts')).toBeUndefined();
  expect(layerOf('src/rooted.ts')).toBeUndefined();
});

test('imports of every form are read, and nothing else', async () => {
  const text = `
    import type { A } from './a.ts';
    export type { B } from './b.ts';
    export type * from './c.ts';
    import d, { type D as E } from './d.ts';
    import './e.ts';
    const f = await import('./f.ts');
    const generic = <T,>(value: T): T => value; // import './no.ts'
    const g: import('./g.ts').G = value as unknown as Map<string, import('./h.ts').H>;
    const text = "import './no.ts'" + \`import './no.ts' \${await import('./i.ts')}\`;
    const pattern = /import '.\\/no.ts'/;
    const here = import.meta.url;
    const computed = import(name);
    export * as j from './j.ts';`;
  const found = await importsOf({ path: 'src/x.ts', text });
  expect(found).toEqual([
    './a.ts',
    './b.ts',
    './c.ts',
    './d.ts',
    './e.ts',
    './f.ts',
    './g.ts',
    './h.ts',
    './i.ts',
    null,
    './j.ts',
  ]);
});

describe('a planted violation is found', () => {
  const planted: [string, string, string][] = [
    ['agents/x.ts', "import { check } from '../evals/checkers/index.ts';", 'of layer checkers'],
    ['agents/x.ts', "import type { Run } from '../src/store/index.ts';", 'of layer store'],
    ['agents/nodes/x.ts', "export type { B } from '../../src/worker/index.ts';", 'of layer worker'],
    ['agents/x.ts', "const p = await import('../src/protocol/index.ts');", 'of layer protocol'],
    ['agents/x.ts', "import { readFileSync } from 'node:fs';", 'imports node:fs'],
    ['agents/x.ts', "import { readFileSync } from 'fs';", 'write node:fs'],
    ['agents/x.ts', 'const key = process.env.KEY;', 'says `process.env`'],
    ['agents/x.ts', 'const f = import(name);', 'computed name'],
    ['evals/checkers/x.ts', "import { now } from 'node:perf_hooks';", 'imports node:perf_hooks'],
    ['evals/checkers/x.ts', "import { tools } from '../../tools/index.ts';", 'of layer tools'],
    ['evals/checkers/x.ts', 'const at = new Date();', 'says `Date`'],
    ['evals/checkers/x.ts', 'const r = Math.random();', 'says `Math.random`'],
    ['evals/checkers/x.ts', "const url = 'http://x'; const r = Math.random();", 'says `Math.random`'],
    ['tools/x/tool.ts', "import { openRecord } from '../../src/store/index.ts';", 'of layer store'],
    ['src/contract/x.ts', "import { root } from '../root.ts';", 'of layer root'],
    ['src/store/x.ts', "import { findTool } from '../../tools/index.ts';", 'of layer tools'],
    ['src/store/x.ts', "import { freshRecord } from './testing.ts';", 'for tests only'],
    ['src/store/x.ts', "import pino from 'pino/file';", 'imports pino,'],
    ['src/store/x.ts', "import { a } from '../elsewhere/a.ts';", 'belongs to no layer'],
    ['src/nowhere/x.ts', '', 'belongs to no layer'],
  ];
  test.each(planted)('%s: %s', async (path, text, says) => {
    const found = await violations({ path, text });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(says);
  });

  test('and what is allowed is not', async () => {
    const text =
      "import { hashOf } from '../../src/contract/index.ts'; // new Date() and Math.random() are told of here only";
    expect(await violations({ path: 'evals/checkers/x.ts', text })).toEqual([]);
    expect(await violations({ path: 'agents/x.test.ts', text: "import '../evals/checkers/index.ts';" })).toEqual([]);
  });
});
