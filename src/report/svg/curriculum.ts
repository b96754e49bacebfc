/** The training of an organism on several behaviours: one small panel for the loss and one for each lesson, on one axis of steps. */
import type { CurriculumCard } from '../../contract/index.ts';
import { number } from '../numbers.ts';
import { el, linear, type Markup, type Scale, svg, text } from './element.ts';
import { aloneStyle } from './style.ts';

type Point = CurriculumCard['curve'][number];

const WIDTH = 720;
const COLUMNS = 3;
const PANEL = { width: 190, height: 90, left: 44, top: 30, across: 236, down: 142 };

/** Returns a figure that stands alone in a file, with its own colours for light and dark. */
export function curriculumSvg(name: string, curve: readonly Point[]): string {
  const lessons = Object.keys(curve.at(-1)?.accuracies ?? {});
  const highest = Math.max(0.1, ...curve.map(({ loss }) => loss)) * 1.05;
  const panels = [
    panel(0, 'training loss, nats', curve, ({ loss }) => loss, highest),
    ...lessons.map((lesson, i) =>
      panel(i + 1, `${lesson}, accuracy`, curve, ({ accuracies }) => accuracies[lesson] ?? 0, 1),
    ),
  ];
  const height = PANEL.top + Math.ceil(panels.length / COLUMNS) * PANEL.down;
  const note = 'accuracy: share of held-out prompts, over training steps';
  const foot = text(PANEL.left, height - 4, note, { class: 'ink' });
  return `${svg(WIDTH, height + 4, `Training of ${name}`, aloneStyle(), ...panels, foot).markup}\n`;
}

function panel(
  place: number,
  title: string,
  curve: readonly Point[],
  of: (point: Point) => number,
  top: number,
): Markup {
  const left = PANEL.left + (place % COLUMNS) * PANEL.across;
  const above = PANEL.top + Math.floor(place / COLUMNS) * PANEL.down;
  const x = linear([0, Math.max(1, ...curve.map(({ step }) => step))], [left, left + PANEL.width], 2);
  const y = linear([0, top], [above + PANEL.height, above], 2);
  const last = curve.at(-1);
  const end = last === undefined ? '' : `: ${number(of(last))} at the end`;
  return el('g', {}, [
    text(left, above - 8, `${title}${end}`, { class: 'ink' }),
    ...y.ticks.flatMap((tick) => gridLine(y, tick, left)),
    ...x.ticks.map((tick) => text(x(tick), above + PANEL.height + 16, number(tick), { 'text-anchor': 'middle' })),
    curve.length === 0 ? null : path(curve.map((point) => `${x(point.step).toFixed(1)},${y(of(point)).toFixed(1)}`)),
  ]);
}

function gridLine(y: Scale, tick: number, left: number): Markup[] {
  return [
    el('line', { x1: left, x2: left + PANEL.width, y1: y(tick), y2: y(tick), class: 'grid' }),
    text(left - 6, y(tick) + 4, String(tick), { 'text-anchor': 'end' }),
  ];
}

function path(points: readonly string[]): Markup {
  return el('path', { d: `M${points.join('L')}`, class: 'line s-claimed' });
}
