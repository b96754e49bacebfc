/** A study as one HTML file: no script, no request. Every text in it is escaped. */
import type { Changed, Study } from '../../contract/index.ts';
import { page } from '../html/page.ts';
import { headRow, section } from '../html/parts.ts';
import { number, short } from '../numbers.ts';
import { el, type Markup } from '../svg/element.ts';
import { behaviourLine, KEPT, mark, nullLine, readsOf, setLines, share, titleOf } from './words.ts';

const PAIRS = 50;

/** Contract: pure; the same study gives the same bytes. */
export function studyHtml(study: Study): string {
  const main = el(
    'main',
    {},
    el('header', {}, el('p', { class: 'eyebrow' }, 'recircuit · study'), el('h1', {}, titleOf(study))),
    [study.source, behaviourLine(study), ...study.behaviour.notes].map((line) => el('p', {}, line)),
    section(
      'What stands out, put in together',
      setLines(study).map((line) => el('p', {}, line)),
    ),
    changed('Heads', study.heads, nullLine('Heads', study.heads_null)),
    changed('MLPs', study.mlps, nullLine('MLPs', study.mlps_null)),
    paths(study),
    pairs(study),
    calls(study),
    el(
      'footer',
      {},
      el('p', {}, KEPT),
      el(
        'p',
        {},
        `Weights ${short(study.weights_sha256)}, pairs ${short(study.pairs_sha256)}, seed ${study.seed}, engine ${study.engine}.`,
      ),
    ),
  );
  return page(titleOf(study), main);
}

function grid(names: readonly string[], rows: readonly (readonly string[])[]): Markup {
  const body = rows.map((row) =>
    el(
      'tr',
      {},
      row.map((cell, index) => el('td', { class: names[index]?.startsWith('#') && 'n' }, cell)),
    ),
  );
  return el('div', { class: 'scroll', tabindex: 0 }, el('table', {}, headRow(names), el('tbody', {}, body)));
}

function changed(name: string, all: readonly Changed[], found: string): Markup {
  const rows = all.map(({ component, effect, sem, recovery, above_null }) => [
    component,
    number(effect),
    sem === null ? '–' : number(sem),
    share(recovery),
    mark(above_null),
  ]);
  return section(
    name,
    el('p', { class: 'soft small' }, found),
    grid(['component', '#effect on the logit difference', '#standard error', '#recovers', ''], rows),
  );
}

function paths(study: Study): Markup {
  const rows = study.paths.map((path) => [
    path.sender,
    readsOf(path),
    number(path.effect),
    share(path.recovery),
    mark(path.above_null),
  ]);
  return section(
    'Paths',
    el('p', { class: 'soft small' }, nullLine('Paths', study.paths_null)),
    grid(['from', 'to', '#effect', '#recovers', ''], rows),
  );
}

function pairs(study: Study): Markup {
  const rows = study.pairs
    .slice(0, PAIRS)
    .map(({ base, answer, contrast, versus }) => [base, answer, contrast, versus]);
  const rest = study.pairs.length - rows.length;
  return section(
    'Pairs',
    grid(['base prompt', 'answer', 'contrast prompt', 'answer'], rows),
    rest > 0 && el('p', {}, `and ${rest} more`),
  );
}

function calls(study: Study): Markup {
  return section(
    'Calls and their receipts',
    study.calls.map(({ tool, input, receipt }) =>
      el('details', {}, el('summary', {}, tool), el('pre', {}, JSON.stringify({ input, receipt }, null, 1))),
    ),
  );
}
