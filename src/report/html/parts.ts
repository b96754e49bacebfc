/** Pieces of the page that several sections use: a section, the head of a table, and the origin of a number. */
import { short } from '../numbers.ts';
import { el, type Markup } from '../svg/element.ts';
import type { Origin } from '../view/index.ts';

/** Returns a table head; names beginning with `#` are of numbers and stand right. */
export function headRow(names: readonly string[]): Markup {
  const cells = names.map((name) =>
    el('th', { class: name.startsWith('#') && 'n', scope: 'col' }, name.replace('#', '')),
  );
  return el('thead', {}, el('tr', {}, cells));
}

export function section(title: string, ...children: Parameters<typeof el>[2][]): Markup {
  return el('section', {}, el('h2', {}, title), ...children);
}

/** Returns the acts, with artifacts in short, on lines of their own. */
export function origins(items: readonly Origin[]): Markup | null {
  if (items.length === 0) return null;
  const lines = items.map(({ act, artifact }) =>
    el('div', {}, `${act}${artifact === null ? '' : ` → ${short(artifact)}`}`),
  );
  return el('div', { class: 'origin' }, lines);
}
