/** The training of an organism: loss above, accuracies below, on one axis of steps. Drawn from its card. */
import type { OrganismCard } from '../../contract/index.ts';
import { number } from '../numbers.ts';
import { el, linear, type Markup, type Scale, svg, text } from './element.ts';
import { aloneStyle } from './style.ts';

/** One point of the curve on a card. */
export type CurvePoint = OrganismCard['curve'][number];

const WIDTH = 720;
const LOSS = { top: 22, bottom: 150 };
const SHARE = { top: 196, bottom: 346 };
const BOX = { left: 58, right: 560 };

const ACCURACIES = [
  { field: 'ten_shot', name: '10 shots', series: 'claimed' },
  { field: 'shuffled', name: 'shuffled labels', series: 'alternative' },
  { field: 'zero_shot', name: 'zero shots', series: 'other-task' },
  { field: 'repeated', name: 'repeated tokens', series: 'repeated' },
] as const;

/** Returns a figure that stands alone in a file, with its own colours for light and dark. */
export function trainingSvg(name: string, curve: readonly CurvePoint[]): string {
  const x = linear([0, Math.max(1, ...curve.map((point) => point.step))], [BOX.left, BOX.right], 6);
  const loss = linear([0, Math.max(0.1, ...curve.map((point) => point.loss)) * 1.05], [LOSS.bottom, LOSS.top], 4);
  const share = linear([0, 1], [SHARE.bottom, SHARE.top], 4);
  const drawing = svg(
    WIDTH,
    396,
    `Training of ${name}`,
    aloneStyle(),
    text(BOX.left, 13, 'training loss, nats per weighted token', { class: 'ink' }),
    axes(x, loss),
    series(curve, (point) => point.loss, 'loss', 'claimed', x, loss),
    text(BOX.left, SHARE.top - 10, 'accuracy on held-out prompts, share of prompts', { class: 'ink' }),
    axes(x, share),
    ACCURACIES.map((row) => series(curve, (point) => point[row.field], row.name, row.series, x, share)),
    x.ticks.map((tick) => text(x(tick), SHARE.bottom + 18, number(tick), { 'text-anchor': 'middle' })),
    text((BOX.left + BOX.right) / 2, SHARE.bottom + 38, 'training step', { 'text-anchor': 'middle' }),
    legend(curve),
  );
  return `${drawing.markup}\n`;
}

function axes(x: Scale, y: Scale): Markup {
  return el(
    'g',
    {},
    y.ticks.map((tick) => [
      el('line', { x1: BOX.left, x2: BOX.right, y1: y(tick), y2: y(tick), class: 'grid' }),
      text(BOX.left - 8, y(tick) + 4, String(tick), { 'text-anchor': 'end' }),
    ]),
    x.ticks.map((tick) =>
      el('line', { x1: x(tick), x2: x(tick), y1: y(y.ticks[0] ?? 0), y2: y(y.ticks[0] ?? 0) + 4, class: 'axis' }),
    ),
  );
}

type Series = (typeof ACCURACIES)[number]['series'];

function series(
  curve: readonly CurvePoint[],
  value: (point: CurvePoint) => number | null,
  name: string,
  kind: Series,
  x: Scale,
  y: Scale,
): Markup | null {
  const points = curve.flatMap((point) => {
    const at = value(point);
    return at === null ? [] : [`${x(point.step).toFixed(1)},${y(at).toFixed(1)}`];
  });
  if (points.length === 0) return null;
  return el('path', { d: `M${points.join('L')}`, class: `line s-${kind}` }, el('title', {}, name));
}

function legend(curve: readonly CurvePoint[]): Markup {
  const left = BOX.right + 20;
  const last = curve.at(-1);
  const rows = ACCURACIES.flatMap((row) => {
    const values = curve.flatMap((point) => point[row.field] ?? []);
    return values.length === 0 ? [] : [{ ...row, told: `at the end ${number(values.at(-1))}` }];
  });
  return el(
    'g',
    {},
    last ? text(left, LOSS.bottom, `at the end ${number(last.loss)}`) : null,
    rows.map(({ name, series: kind, told }, i) => {
      const y = SHARE.top + 10 + i * 36;
      return [
        el('line', { x1: left, x2: left + 18, y1: y - 4, y2: y - 4, class: `line s-${kind}` }),
        text(left + 26, y, name, { class: 'ink' }),
        text(left + 26, y + 14, told),
      ];
    }),
  );
}
