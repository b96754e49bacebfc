/** Horizontal bars and small line plots made of block characters. */
import { number } from '../numbers.ts';
import type { Curve, CurveLine } from '../view/index.ts';
import type { Paint, Rgb } from './paint.ts';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const RISING = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const CLAIMED: Rgb = [255, 128, 64];
const CONTROL: Rgb = [150, 158, 166];
const OTHER: Rgb = [178, 132, 224];
const COLOUR: Record<CurveLine['role'], Rgb> = {
  claimed: CLAIMED,
  alternative: [88, 160, 245],
  'other-task': OTHER,
  control: CONTROL,
};

/** Returns a bar of `share` (0 to 1) of `width` columns, in eighths of a column where characters allow. */
export function bar(share: number, width: number, paint: Paint): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  if (paint.depth === 0) return '#'.repeat(Math.round(eighths / 8)).padEnd(width, '.');
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8]}`.padEnd(width);
}

/** Returns the injection curve: a row a layer with bar, value and what the best control gave there. */
export function curveLines(curve: Curve, paint: Paint): string[] {
  const main = curve.lines.find((line) => line.role === 'claimed') ?? curve.lines[0];
  if (main === undefined) return [];
  const width = Math.max(12, Math.min(40, paint.columns - 50));
  const controls = curve.lines.filter((line) => line.role === 'control');
  const best = (layer: number) =>
    Math.max(...controls.flatMap((line) => line.points.filter((p) => p.layer === layer).map((p) => p.value)));
  const rows = thinned(main.points, curve.chosen).map(({ layer, value }) => {
    const null_ = best(layer);
    const note = Number.isFinite(null_) ? paint.dim(`  best of ${controls.length} random sets ${number(null_)}`) : '';
    const name =
      layer === curve.chosen ? paint.bold(`>${String(layer).padStart(4)}`) : paint.dim(String(layer).padStart(5));
    return `  ${name} ${paint.fore(COLOUR[main.role], bar(value, width, paint))} ${number(value)}${note}`;
  });
  const others = curve.lines
    .filter((line) => line !== main && line.role !== 'control')
    .map((line) => other(line, width, paint));
  const before =
    curve.before === null
      ? []
      : [`     –  ${paint.fore(CONTROL, bar(curve.before, width, paint))} ${number(curve.before)}  without the vector`];
  return [
    paint.bold(curve.title),
    `  ${paint.dim(`layer ${main.label}; ${curve.unit}`)}`,
    ...rows,
    ...others,
    ...before,
  ];
}

/** A deep model shows every n-th layer and always the claimed one. */
function thinned<P extends { layer: number }>(points: readonly P[], chosen: number | null): P[] {
  const every = Math.ceil(points.length / 20);
  return points.filter((point, i) => i % every === 0 || point.layer === chosen || i === points.length - 1);
}

function other(line: CurveLine, width: number, paint: Paint): string {
  const best = line.points.reduce((a, b) => (b.value > a.value ? b : a));
  return `  ${paint.dim(String(best.layer).padStart(5))} ${paint.fore(COLOUR[line.role], bar(best.value, width, paint))} ${number(best.value)}  ${line.label}`;
}

/** Returns a line of rising blocks, or of digits 0 to 9 without colours' terminals; newest values stand right. */
export function sparkline(values: readonly number[], width: number, paint: Paint): string {
  const shown = resampled(values, width);
  const low = Math.min(...shown);
  const span = Math.max(...shown) - low || 1;
  const level = (value: number, top: number) => Math.min(top, Math.floor(((value - low) / span) * (top + 1)));
  return shown
    .map((value) => (paint.depth === 0 ? String(level(value, 9)) : (RISING[level(value, 7)] ?? ' ')))
    .join('');
}

function resampled(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / width), Math.floor(((i + 1) * values.length) / width));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** Returns a plot of the values, `height` rows with the axis on the left. Values are drawn as they came, left to right. */
export function plot(values: readonly number[], width: number, height: number, paint: Paint): string[] {
  const shown = resampled(values.filter(Number.isFinite), width);
  if (shown.length === 0) return [];
  const high = Math.max(...shown);
  const low = Math.min(0, ...shown);
  const filled = shown.map((value) => ((value - low) / (high - low || 1)) * height * 8);
  return Array.from({ length: height }, (_, i) => {
    const floor = (height - 1 - i) * 8;
    const row = filled.map((eighths) => {
      const part = Math.max(0, Math.min(8, Math.round(eighths - floor)));
      if (part === 0) return ' ';
      return paint.depth === 0 ? (part > 4 ? '#' : '.') : (RISING[part - 1] ?? ' ');
    });
    const label = i === 0 ? number(high) : i === height - 1 ? number(low) : '';
    return `${label.padStart(8)} ${paint.fore(CLAIMED, row.join(''))}`;
  });
}
