/** The criteria on the page: the chart, then a table in which each number has its limit, its controls, its reason and its origin. */

import { number } from '../numbers.ts';
import { criteriaSvg } from '../svg/criteria.ts';
import { el, type Markup } from '../svg/element.ts';
import type { CriterionView, RunView } from '../view/index.ts';
import { comparedInWords, knownFrom, SET_TITLE, toneOfStatus } from '../words.ts';
import { headRow, origins, section } from './parts.ts';

/** Returns the section; a run without verdict has none. */
export function criteriaTable({ criteria }: RunView): Markup | null {
  if (criteria.length === 0) return null;
  const sets = ['gate', 'known-model', 'new-model'] as const;
  const rows = sets.flatMap((set) => {
    const own = criteria.filter((item) => item.set === set);
    return own.length === 0 ? [] : [group(SET_TITLE[set], knownFrom(own)), ...own.map(row)];
  });
  return section(
    'Criteria',
    el('figure', {}, el('div', { class: 'scroll' }, criteriaSvg(criteria))),
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'criteria' },
        headRow(['', 'criterion', '#measured', 'result', 'asked', 'compared with']),
        el('tbody', {}, rows),
      ),
    ),
  );
}

function group(title: string, from: readonly string[]): Markup {
  const sources = from.map((source) => el('div', { class: 'reason' }, `known from: ${source}`));
  return el('tr', { class: 'group' }, el('td', { colspan: 6 }, title, sources));
}

function row(criterion: CriterionView): Markup {
  const { id, says, weight, status, measured, unit, threshold, reason, note } = criterion;
  const compared = comparedInWords(criterion, number);
  return el(
    'tr',
    { id },
    el('td', {}, el('b', {}, id), el('div', { class: 'reason' }, weight)),
    el(
      'td',
      {},
      says,
      el('div', { class: 'reason' }, reason),
      note !== '' && el('div', {}, note),
      origins(criterion.origins),
    ),
    el('td', { class: 'n' }, el('b', {}, number(measured)), unit !== '' && el('div', { class: 'reason' }, unit)),
    el('td', { class: `t-${toneOfStatus(status)}` }, el('span', { class: 'word' }, status)),
    el('td', {}, threshold),
    el('td', {}, compared, parts(criterion)),
  );
}

/** Already said in words beside them. */
const TOLD = new Set(['value', 'over', 'controls', 'highest_null', 'found', 'of']);

function parts({ parts: all }: CriterionView): Markup | null {
  const numbers = Object.entries(all).filter(([name, value]) => typeof value === 'number' && !TOLD.has(name));
  if (numbers.length === 0) return null;
  return el(
    'div',
    { class: 'reason' },
    numbers.map(([name, value]) => `${name.replaceAll('_', ' ')} ${number(value as number)}`).join(', '),
  );
}
