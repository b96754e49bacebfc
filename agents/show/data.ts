/**
 * Foreign text as a language model may read it: findings, names, results and recalled memory are data and never instructions.
 * Everything of that kind stands inside a `data` element, and nothing inside can close it or hide in it.
 */
import { spelled } from '../../src/contract/index.ts';

/** Returns the text with unseen characters spelled and no markup left; line feeds stay. */
export function escaped(text: string): string {
  return spelled(text, '\n').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** Returns the text as the content of one data element. @param kind one word of ours */
export function data(kind: string, text: string): string {
  return `<data kind="${kind}">\n${escaped(text)}\n</data>`;
}
