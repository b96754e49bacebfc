import { describe, expect, it } from 'vitest';
import { loadView, makePaint, reportHtml, resultPage, trainingSvg, viewOf } from './index.ts';
import { curveSvg } from './svg/curve.ts';
import { heatMapSvg } from './svg/heat-map.ts';
import { heatMapLines } from './terminal/heat-map.ts';
import { widthOf } from './terminal/table.ts';
import { freshHome, recordRun } from './testing.ts';

const EVIL = '</style><script>alert(1)</script>\u001b[2J\u202eevil';
const home = freshHome();
const run = recordRun(home, EVIL);
const view = loadView(home.record, run, home.artifacts);
const page = reportHtml(view);

/** Returns what is wrong with the nesting of tags, or null. Enough of XML for markup that `el` writes. */
function illFormed(markup: string): string | null {
  const open: string[] = [];
  for (const [tag, closing, name, empty] of markup.matchAll(
    /<(\/?)([a-zA-Z][\w-]*)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>|<[^!]/g,
  )) {
    if (name === undefined) return `stray ${tag}`;
    if (closing) {
      if (open.pop() !== name) return `unexpected </${name}>`;
    } else if (!empty) open.push(name);
  }
  return open.length === 0 ? null : `unclosed ${open.join(', ')}`;
}

describe('view', () => {
  it('is JSON and says where each number comes from', () => {
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    const measured = view.criteria.filter(({ status }) => status !== 'unmeasured');
    expect(measured.length).toBeGreaterThan(5);
    for (const { id, origins } of measured) expect(origins, id).not.toEqual([]);
    const acts = new Set(view.steps.map(({ act }) => act));
    for (const { act } of view.criteria.flatMap(({ origins }) => origins)) expect(acts).toContain(act);
  });

  it('prefers the verification where search and verification share a name', () => {
    expect(view.criteria.find(({ id }) => id === 'N1')?.origins[0]?.act).toBe('verify/injected/result');
  });

  it('puts the value itself beside its controls, not its excess over them', () => {
    const n2 = view.criteria.find(({ id }) => id === 'N2');
    expect(n2?.shown).toBeCloseTo(0.958);
    expect(n2?.null_values).toHaveLength(20);
    expect(n2?.limits[0]).toBeCloseTo((n2?.null_best ?? 0) + 0.15);
  });

  it('finds figures by tool: one map a half and pattern, controls as lines', () => {
    const maps = view.figures.filter((figure) => figure.kind === 'heat-map');
    expect(maps.map(({ act }) => act)).toEqual([
      'search/04-ranked/result',
      'verify/ranked/result',
      'verify/matching/result',
    ]);
    expect(maps[0]?.values[1]?.[6]).toBeCloseTo(0.264);
    const curves = view.figures.filter((figure) => figure.kind === 'curve');
    expect(curves[1]?.lines.map(({ role }) => role)).toEqual([
      'claimed',
      'alternative',
      'other-task',
      ...new Array(20).fill('control'),
    ]);
  });

  it('leaves a figure out when its tensor is damaged or gone', () => {
    const without = viewOf(run, home.record.steps(run.run), new Map());
    expect(without.figures.every(({ kind }) => kind === 'curve')).toBe(true);
  });

  it('shows a run that has not ended', () => {
    const open = { ...run, state: 'faulted' as const, verdict: null, ended_at: null, note: 'the worker died' };
    const half = viewOf(open, home.record.steps(run.run).slice(0, 12), new Map());
    expect(half.criteria.map(({ id, status }) => [id, status])).toEqual([['G1', 'pass']]);
    expect(resultPage(half, makePaint(0)).join('\n')).toContain('FAULTED');
    expect(illFormed(reportHtml(half).replace(/<!doctype html>|<meta[^>]*>/g, ''))).toBeNull();
  });
});

describe('page', () => {
  it('is one well-formed file that asks for nothing', () => {
    expect(illFormed(page.replace(/<!doctype html>|<style>.*?<\/style>/gs, ''))).toBeNull();
    expect(page).toContain('default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:');
    expect(page).not.toMatch(/<script|<link|<img|<iframe|javascript:|@import|url\(/i);
    expect(page.match(/(?:href|src)=/g)).toBeNull();
  });

  it('shows foreign text as text', () => {
    expect(page).toContain('&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[2J\\u{202e}evil');
    expect(page).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u);
  });

  it('names every criterion, step and receipt', () => {
    for (const { id } of view.criteria) expect(page).toContain(`<tr id="${id}">`);
    for (const { act } of view.steps) expect(page).toContain(act);
    expect(page).toContain(`All ${view.receipts.length} receipts`);
  });

  it('is the same bytes for the same view', () => {
    expect(reportHtml(loadView(home.record, run, home.artifacts))).toBe(page);
  });
});

describe('figures', () => {
  const big = {
    title: 'big',
    unit: 'x',
    marked: ['a31.h31'],
    values: Array.from({ length: 32 }, (_, l) => Array.from({ length: 32 }, (_, h) => l - h)),
  };

  it('are well-formed, with a title for each cell and the claimed heads outlined', () => {
    const { markup } = heatMapSvg(big);
    expect(illFormed(markup)).toBeNull();
    expect(markup.match(/<title>a\d+\.h\d+: /g)).toHaveLength(1024);
    expect(markup.match(/class="claimed"/g)).toHaveLength(2);
  });

  it('say that a value is unmeasured and never draw it as zero', () => {
    const { markup } = heatMapSvg({ ...big, values: [[Number.NaN, 1]] });
    expect(markup).toContain('a0.h0: unmeasured');
    expect(markup).not.toContain('NaN');
  });

  it('bear one layer, no lines and an empty training', () => {
    const none = {
      kind: 'curve' as const,
      phase: 'verify' as const,
      title: 't',
      unit: 'u',
      before: null,
      chosen: null,
      lines: [],
    };
    const point = {
      label: 'p',
      role: 'control' as const,
      points: [{ layer: 3, value: 0.5 }],
      act: 'a',
      artifact: null,
    };
    for (const lines of [[], [point], [point, point]]) {
      const { markup } = curveSvg({ ...none, lines });
      expect(illFormed(markup)).toBeNull();
      expect(markup).not.toMatch(/NaN|Infinity/);
    }
    expect(illFormed(trainingSvg('empty', []))).toBeNull();
    expect(trainingSvg('empty', [])).not.toMatch(/NaN|Infinity/);
  });
});

describe('terminal', () => {
  it('keeps to the columns, and colours change nothing but colour', () => {
    for (const columns of [80, 120]) {
      const lines = resultPage(view, makePaint('true', columns, true));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away
      const plain = lines.map((line) => line.replace(/\u001b\[[0-9;]*m/g, ''));
      for (const line of plain) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
      expect(plain.some((line) => line.includes('REPRODUCED'))).toBe(true);
    }
  });

  it('writes no escape sequence without colours', () => {
    expect(resultPage(view, makePaint(0)).join('\n')).not.toContain('\u001b');
  });

  it('shows each criterion with value, limit, controls, reason and origin', () => {
    const text = resultPage(view, makePaint(0, 200)).join('\n');
    for (const part of [
      'N2',
      '0.668',
      'above every control by at least 0.15',
      '20 controls on this model: best 0.290',
      'findings document F8',
      'verify/injected/result',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain('unmeasured');
  });

  it('says with what a known model was compared, and which heads are missing', () => {
    const parts = { found: 4, of: 5, missed: ['a1.h2'], known_from: 'another laboratory' };
    const known = view.criteria.slice(0, 1).map((item) => ({ ...item, set: 'known-model' as const, parts }));
    const text = resultPage({ ...view, criteria: known }, makePaint(0, 200)).join('\n');
    const html = reportHtml({ ...view, criteria: known });
    for (const part of ['known from: another laboratory', '4 of 5, missing a1.h2']) {
      expect(text).toContain(part);
      expect(html).toContain(part);
    }
  });

  it('fits maps of large models', () => {
    const values = Array.from({ length: 80 }, () => Array.from({ length: 64 }, (_, h) => h / 64));
    const lines = heatMapLines({ title: 't', unit: 'u', marked: ['a3.h63'], values }, makePaint(0, 80));
    expect(Math.max(...lines.slice(1, -1).map(widthOf))).toBeLessThanOrEqual(80);
    expect(lines).toHaveLength(83);
  });
});
