/** Each criterion on a line of its own: what was measured, the limit it had to pass, and what the controls gave. */
import { number } from '../numbers.ts';
import type { CriterionView } from '../view/types.ts';
import { el, linear, type Markup, type Scale, svg, text } from './element.ts';

const WIDTH = 940;
const ROW = 62;
const BOX = { left: 40, right: 700, top: 8 };

/** Returns the figure; criteria that were not measured keep their line and say so. */
export function criteriaSvg(criteria: readonly CriterionView[]): Markup {
  const height = BOX.top + criteria.length * ROW + 34;
  return svg(
    WIDTH,
    height,
    'Measured value, limit and controls of each criterion',
    criteria.map((criterion, i) => row(criterion, BOX.top + i * ROW + 8)),
    legend(height - 14),
  );
}

/** Shares keep the axis 0 to 1 so that rows can be compared; anything larger gets an axis of its own. */
function scaleOf({ shown, limits, null_values }: CriterionView): Scale {
  const values = [...limits, ...null_values, ...(shown === null ? [] : [shown])];
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const whole = low >= -1 && high <= 1;
  const domain: [number, number] = whole ? [low < 0 ? -1 : 0, 1] : [low - (low < 0 ? 0.05 * -low : 0), high * 1.1];
  return linear(domain, [BOX.left, BOX.right], 4);
}

function row(criterion: CriterionView, top: number): Markup {
  const x = scaleOf(criterion);
  const { id, measured, shown, status, says, unit } = criterion;
  const told = measured === null ? '–' : `${number(measured)} ${unit}`.trim();
  const beside = told.replace(' over the best control', ' over best');
  const y = top + 27;
  return el(
    'g',
    {},
    el('title', {}, `${id}: ${says} — ${told}, asked ${criterion.threshold}`),
    text(BOX.left - 12, top + 6, id, { 'text-anchor': 'end', class: 'name' }),
    text(BOX.left, top + 6, shortened(says), { class: 'ink' }),
    region(criterion, x, y),
    el('line', { x1: BOX.left, x2: BOX.right, y1: y, y2: y, class: 'grid' }),
    x.ticks.map((tick) => [
      el('line', { x1: x(tick), x2: x(tick), y1: y - 3, y2: y + 3, class: 'grid' }),
      text(x(tick), y + 20, String(tick), { 'text-anchor': 'middle', opacity: 0.7 }),
    ]),
    criterion.null_values.map((value) =>
      el(
        'circle',
        { cx: x(value), cy: y, r: 3.5, class: 'f-control', 'fill-opacity': 0.4 },
        el('title', {}, `control: ${number(value)}`),
      ),
    ),
    criterion.limits.map((limit) =>
      el('line', { x1: x(limit), x2: x(limit), y1: y - 9, y2: y + 9, class: 'threshold' }),
    ),
    shown !== null && el('circle', { cx: x(shown), cy: y, r: 6, class: `f-${status}` }),
    text(BOX.right + 22, y - 3, beside, { class: 'ink' }),
    text(BOX.right + 22, y + 13, criterion.weight === 'flag' ? `${status} (flag)` : status, {
      class: `word f-${status}`,
    }),
  );
}

/** Text in a figure does not wrap; the table beside it has every word. */
function shortened(says: string): string {
  return says.length <= 112 ? says : `${says.slice(0, 110)}…`;
}

/** The part of the axis that passes. */
function region({ limits, passes }: CriterionView, x: Scale, y: number): Markup | null {
  const [first, second] = limits;
  if (first === undefined) return null;
  const from = passes === 'below' ? BOX.left : Math.max(BOX.left, x(first));
  const to = passes === 'above' ? BOX.right : passes === 'below' ? x(first) : x(second ?? first);
  return el('rect', { x: from, y: y - 9, width: Math.max(0, to - from), height: 18, rx: 3, class: 'region' });
}

function legend(y: number): Markup {
  const items: [Markup, string, number][] = [
    [el('circle', { cx: 6, cy: y - 4, r: 6, class: 'f-pass' }), 'measured, passes', 136],
    [el('circle', { cx: 6, cy: y - 4, r: 6, class: 'f-fail' }), 'measured, fails', 126],
    [el('line', { x1: 6, x2: 6, y1: y - 12, y2: y + 4, class: 'threshold' }), 'limit', 66],
    [el('rect', { x: 0, y: y - 11, width: 14, height: 14, rx: 3, class: 'region' }), 'passes here', 108],
    [el('circle', { cx: 6, cy: y - 4, r: 3, class: 'f-control', 'fill-opacity': 0.6 }), 'a control on this model', 0],
  ];
  let left = BOX.left;
  return el(
    'g',
    {},
    items.map(([mark, name, width]) => {
      const at = left;
      left += width;
      return el('g', { transform: `translate(${at} 0)` }, mark, text(20, y, name));
    }),
  );
}
