/** The faces of the grid: every one says the same words, and none of them runs what stands in the grid. */
import { describe, expect, it } from 'vitest';
import type { PooledCell, PublishedCell } from '../../contract/index.ts';
import { behindLines, gridCsv, gridHtml, gridLines, gridMarkdown, gridSvg, makePaint } from '../index.ts';

const HOSTILE = '=cmd|"<script>alert(1)</script>\u001b[2J';
const HASH = 'ab'.repeat(32);

const cell = (change: Partial<PooledCell>): PooledCell => ({
  behaviour: 'b',
  finding: 'f',
  model: 'm',
  organism: false,
  verdict: 'reproduced',
  runs: 3,
  agreeing: 2,
  verdicts: { reproduced: 2, partial: 1 },
  latest: 'R1',
  withdrawn: [],
  share: { reproduced: 2, of: 3, low: 0.208, high: 0.939 },
  agreement: { pairs: 3, share: 0.9, by_chance: 0.1, p: 0.01 },
  nulls: [{ criterion: 'N2', passing: 1, of: 60, low: 0.003, high: 0.089 }],
  published: [],
  protocol: HASH,
  counted: ['R1', 'R2', 'R3'],
  left_out: [],
  stale: [],
  signed_by: null,
  ...change,
});
const published: PublishedCell = {
  behaviour: 'b',
  finding: 'f',
  model: 'hub/known',
  card: null,
  source: { paper: HOSTILE, arxiv: null, repository: null, commit: null, file: 'f', sha256: HASH, verified: false },
  figures: { kind: 'ranking', role: 'r', unit: 'u', heads: [{ component: 'a1.h2', effect: 0.5 }] },
};
const grid = {
  cells: [
    cell({}),
    cell({ model: 'organism', organism: true, verdict: 'not-reproduced', stale: ['its protocol has changed since'] }),
    cell({
      model: 'gone',
      verdict: null,
      runs: 0,
      agreeing: 0,
      share: { reproduced: 0, of: 0, low: 0, high: 1 },
      withdrawn: [{ run: 'R9', because: HOSTILE }],
    }),
    cell({ model: 'theirs', signed_by: HASH, agreement: null, nulls: [] }),
    cell({ verdict: 'partial', signed_by: HASH }),
  ],
  published: [published],
};
const FACES = {
  terminal: [...gridLines(grid, makePaint(0)), ...behindLines(grid, makePaint(0))].join('\n'),
  markdown: gridMarkdown(grid),
  svg: gridSvg(grid),
  html: gridHtml(grid),
};

describe('the grid', () => {
  it.each(Object.entries(FACES))('marks every cell and says the marks in words, on %s', (_name, face) => {
    for (const words of [
      '✓ 2/3 !',
      '(✗ 2/3)',
      'withdrawn',
      '✓ 2/3 ^',
      'organism °',
      'hub/known',
      '✗ not-reproduced',
      'f on b',
    ])
      expect(face).toContain(words);
    expect(face).not.toMatch(/undefined|NaN|\[object/);
  });

  it.each(Object.entries({ ...FACES, csv: gridCsv(grid) }))('shows foreign text as text, on %s', (_name, face) => {
    expect(face).not.toMatch(/\p{Cc}(?<!\n)/u);
    if (_name !== 'terminal' && _name !== 'csv') expect(face).not.toContain('<script');
  });

  it('colours nothing that has no mark', () => {
    const lines = gridLines(grid, makePaint('true'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
    expect(lines.map((line) => line.replace(/\u001b\[[0-9;]*m/g, ''))).toEqual(gridLines(grid, makePaint(0)));
    expect(lines.join()).toContain('\u001b[1;32m✓ 2/3');
    expect(lines.join()).not.toContain('\u001b[1;31m(✗');
  });

  it('is one page that asks for nothing', () => {
    expect(FACES.html).toContain('default-src &#39;none&#39;');
    expect(FACES.html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(/i);
    expect(FACES.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[2J');
    expect(gridHtml(grid)).toBe(FACES.html);
  });

  it('has a CSV in which what was not measured is empty and nothing is a formula', () => {
    const rows = gridCsv(grid).trimEnd().split('\n');
    expect(rows).toHaveLength(1 + grid.cells.length + 1);
    const head = rows[0]?.split(',') ?? [];
    expect(rows[1]?.split(',')).toHaveLength(head.length);
    const value = (row: string | undefined, name: string): string | undefined => row?.split(',')[head.indexOf(name)];
    expect(['verdict', 'reproduced', 'controls', 'controls_passing'].map((name) => value(rows[1], name))).toEqual([
      'reproduced',
      '2',
      '60',
      '1',
    ]);
    expect(['verdict', 'reproduced', 'reproduced_low', 'controls'].map((name) => value(rows[3], name))).toEqual([
      '',
      '',
      '',
      '60',
    ]);
    expect(value(rows[4], 'claim_agreement')).toBe('');
    expect(gridCsv(grid)).toContain(`"'=cmd|""<script>`);
  });

  it('bears being empty', () => {
    const none = { cells: [], published: [] };
    expect(gridLines(none, makePaint(0)).join('\n')).toContain('empty: not measured');
    for (const face of [gridMarkdown(none), gridSvg(none), gridHtml(none)])
      expect(face).not.toMatch(/undefined|NaN|Infinity/);
    expect(gridCsv(none).trim().split('\n')).toHaveLength(1);
  });
});
