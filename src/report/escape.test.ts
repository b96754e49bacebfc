import { describe, expect, it } from 'vitest';
import { seenJson } from '../contract/index.ts';
import { type Place, safe } from './escape.ts';

const PLACES: readonly Place[] = ['line', 'terminal', 'html'];
/** name, text, what is left to see on a line */
const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['colour', '\u001b[31mred', '\\u{1b}[31mred'],
  ['window title (OSC)', '\u001b]0;owned\u0007', '\\u{1b}]0;owned\\u{7}'],
  ['C1 control', '\u009b2J', '\\u{9b}2J'],
  ['carriage return', 'good\rbad', 'good\\rbad'],
  ['backspace', 'ab\b\bcd', 'ab\\u{8}\\u{8}cd'],
  ['right-to-left override', '\u202egnp.exe', '\\u{202e}gnp.exe'],
  ['isolates', '\u2066x\u2069', '\\u{2066}x\\u{2069}'],
  ['zero width', 're\u200bproduced\u2060\ufeff', 're\\u{200b}produced\\u{2060}\\u{feff}'],
  ['line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['variation selector', 'a\u{e0100}b', 'a\\u{e0100}b'],
  ['lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
  ['filler', 'a\u3164b', 'a\\u{3164}b'],
];

describe('safe', () => {
  it.each(HOSTILE)('spells out %s', (_name, text, seen) => {
    expect(safe(text, 'line')).toBe(seen);
    for (const place of PLACES) expect(safe(text, place)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  });

  it.each(HOSTILE)('as JSON spells out %s, and means the same', (_name, text) => {
    const json = seenJson(JSON.stringify({ [text]: text }, null, 2));
    expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(json)).toEqual({ [text]: text });
  });

  it('keeps line feeds where lines are wanted, and only there', () => {
    expect(safe('a\nb\tc', 'terminal')).toBe('a\nb\\tc');
    expect(safe('a\nb', 'html')).toBe('a\nb');
    expect(safe('a\nb', 'line')).toBe('a\\nb');
  });

  it('makes markup text, also inside quoted attributes', () => {
    expect(safe('<img src=x onerror="a()">&\'', 'html')).toBe('&lt;img src=x onerror=&quot;a()&quot;&gt;&amp;&#39;');
    expect(safe('<b>', 'line')).toBe('<b>');
  });

  it('leaves ordinary text of any script alone', () => {
    for (const text of ['Zürich – 東京, Ελλάδα', 'привет', 'é', 'שלום', '😀']) {
      for (const place of PLACES) expect(safe(text, place)).toBe(text);
    }
  });
});
