/** The trajectory and the receipts on the page: folded, complete, and in the order in which they happened. */

import { number, short } from '../numbers.ts';
import { el, type Markup } from '../svg/element.ts';
import type { RunView, StepLine } from '../view/index.ts';
import { headRow, section } from './parts.ts';

/** Returns every step on a line. */
export function trajectory({ steps }: RunView): Markup {
  const table = el(
    'table',
    {},
    headRow(['#step', 'time, UTC', 'act', 'kind', 'what happened', 'content']),
    el('tbody', {}, steps.map(row)),
  );
  return section(
    'Trajectory',
    el('details', {}, el('summary', {}, `All ${steps.length} steps`), el('div', { class: 'scroll' }, table)),
  );
}

function row(step: StepLine): Markup {
  return el(
    'tr',
    {},
    el('td', { class: 'n' }, String(step.seq)),
    el('td', { class: 'small' }, step.at.slice(11, 19)),
    el('td', {}, el('code', {}, step.act)),
    el('td', { class: 'small' }, step.kind),
    el('td', { class: 'small' }, step.summary),
    el('td', { class: 'origin' }, short(step.content)),
  );
}

/** Returns the worker's receipts: what was asked of the model, and whether it happened. */
export function receipts({ receipts: all }: RunView): Markup | null {
  if (all.length === 0) return null;
  const one = ({ act, tool, receipt: r }: RunView['receipts'][number]) =>
    el(
      'details',
      {},
      el(
        'summary',
        {},
        tool,
        el(
          'span',
          { class: 'origin' },
          `${act} · ${number(r.forwards)} forwards, ${number(r.rows)} rows · edits ${r.edits_fired}/${r.edits_requested}`,
        ),
      ),
      el('pre', {}, JSON.stringify(r, null, 2)),
    );
  return section(
    'Receipts',
    el(
      'p',
      { class: 'soft small' },
      'For each result: engine, weights, versions, seed, prompts, edits asked for and fired, and the audit by a second route.',
    ),
    el('details', {}, el('summary', {}, `All ${all.length} receipts`), all.map(one)),
  );
}
