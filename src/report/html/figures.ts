/** The figures on the page, each with where it came from and, for curves, its numbers as a table. */

import { number } from '../numbers.ts';
import { curveSvg } from '../svg/curve.ts';
import { el, type Markup } from '../svg/element.ts';
import { heatMapSvg } from '../svg/heat-map.ts';
import type { Curve, HeatMap, RunView } from '../view/index.ts';
import { AGREEMENT_TITLE, agreementInWords } from '../words.ts';
import { origins, section } from './parts.ts';

/** Returns the section, or nothing where no result makes a figure. */
export function figures({ figures: all }: RunView): Markup | null {
  if (all.length === 0) return null;
  const maps = all.filter((figure) => figure.kind === 'heat-map');
  const curves = all.filter((figure) => figure.kind === 'curve');
  return section('What was measured', el('div', { class: 'maps' }, maps.map(heatMap)), curves.map(curve));
}

/** Returns the section, or nothing where no estimate has an exact counterpart. */
export function agreements({ agreements: all }: RunView): Markup | null {
  if (all.length === 0) return null;
  const rows = all.map((item) => el('div', {}, agreementInWords(item, number), origins(item.origins)));
  return section(AGREEMENT_TITLE, rows);
}

function heatMap(map: HeatMap): Markup {
  return el(
    'figure',
    {},
    el('h3', {}, map.title),
    el('div', { class: 'scroll' }, heatMapSvg(map)),
    el(
      'figcaption',
      {},
      `In ${map.unit}; hover over a cell for its value. Outlined heads are the claimed ones.`,
      origins([map]),
    ),
  );
}

function curve(item: Curve): Markup {
  const layers = [...new Set(item.lines.flatMap((line) => line.points.map((point) => point.layer)))].sort(
    (a, b) => a - b,
  );
  const head = el(
    'tr',
    {},
    el('th', {}, 'added after layer'),
    layers.map((layer) => el('th', { class: 'n' }, String(layer))),
  );
  const rows = item.lines.map((line) =>
    el(
      'tr',
      {},
      el('td', {}, line.label, origins([line])),
      layers.map((layer) =>
        el('td', { class: 'n' }, number(line.points.find((point) => point.layer === layer)?.value)),
      ),
    ),
  );
  return el(
    'figure',
    {},
    el('h3', {}, item.title),
    el('div', { class: 'scroll' }, curveSvg(item)),
    el(
      'figcaption',
      {},
      `${item.unit}. Without the vector: ${number(item.before)}.${item.chosen === null ? '' : ` Claimed layer: ${item.chosen}.`}`,
    ),
    el(
      'details',
      {},
      el('summary', {}, 'The numbers'),
      el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), el('tbody', {}, rows))),
    ),
  );
}
