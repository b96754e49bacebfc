/**
 * The one way by which text from agents, models and files reaches a terminal or a page. Control, bidirectional and invisible
 * characters are spelled out, so that a recorded text can neither move the cursor nor look like something it is not.
 */

import { spelled } from '../contract/index.ts';

/** Where the text goes. `line`: one terminal line; `terminal`: line feeds stay; `html`: element text or a quoted attribute. */
export type Place = 'line' | 'terminal' | 'html';

const MARKUP: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Returns the text with every unseen character spelled (`\u{1b}`) and, for a page, markup characters as entities.
 * Contract: never throws; the result holds no control character except line feeds where `place` keeps them.
 */
export function safe(text: unknown, place: Place): string {
  const seen = spelled(String(text), place === 'line' ? '' : '\n');
  return place === 'html' ? seen.replace(/[&<>"']/g, (c) => MARKUP[c] ?? c) : seen;
}
