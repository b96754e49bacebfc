/**
 * The one way by which text from agents, models and files reaches a terminal or a page. Control, bidirectional and invisible
 * characters are spelled out, so that a recorded text can neither move the cursor nor look like something it is not.
 */

/** Where the text goes. `line`: one terminal line; `terminal`: line feeds stay; `html`: element text or a quoted attribute. */
export type Place = 'line' | 'terminal' | 'html';

/**
 * Controls, format characters (bidi, zero width, tags), lone surrogates, private use, line separators, fillers and variation
 * selectors: nothing here has a shape of its own.
 */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|\u034f|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/gu;
const MARKUP: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function spelled(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * Returns the text with every unseen character spelled (`\u{1b}`) and, for a page, markup characters as entities.
 * Contract: never throws; the result holds no control character except line feeds where `place` keeps them.
 */
export function safe(text: unknown, place: Place): string {
  const keepsLines = place !== 'line';
  const seen = String(text).replace(UNSEEN, (c) => (keepsLines && c === '\n' ? c : spelled(c)));
  return place === 'html' ? seen.replace(/[&<>"']/g, (c) => MARKUP[c] ?? c) : seen;
}
