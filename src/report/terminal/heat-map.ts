/** Layer × head heat map of coloured cells, or of shades made of characters; claimed heads stand in brackets. */
import { compact, number } from '../numbers.ts';
import { extentOf } from '../svg/heat-map.ts';
import type { HeatMap } from '../view/index.ts';
import type { Paint, Rgb } from './paint.ts';

const ZERO: Rgb = [44, 48, 52];
const POSITIVE: Rgb = [255, 128, 64];
const NEGATIVE: Rgb = [88, 160, 245];
/** From zero to the largest; negative values get the signs below. */
const SHADES = [' ', '.', ':', '+', '#', '@'];
const NEGATIVE_SHADES = [' ', '.', '-', '=', '%', 'X'];

/** Returns the lines of the map. A map that is too wide for the columns loses its numbers first, then every gap. */
export function heatMapLines(map: Pick<HeatMap, 'values' | 'unit' | 'title' | 'marked'>, paint: Paint): string[] {
  const heads = map.values[0]?.length ?? 0;
  const room = Math.floor((paint.columns - 9) / Math.max(1, heads));
  const width = room >= 6 ? Math.min(room, 7) : room >= 3 ? 3 : room >= 2 ? 2 : 1;
  const extent = extentOf(map.values);
  const marked = new Set(map.marked);
  const rows = map.values.map((row, layer) => {
    const cells = row.map((value, head) => cell(value, extent, width, marked.has(`a${layer}.h${head}`), paint));
    return `  ${paint.dim(String(layer).padStart(5))} ${cells.join('')}`;
  });
  return [paint.bold(map.title), header(heads, width, paint), ...rows, ...legend(map, extent, paint)];
}

function header(heads: number, width: number, paint: Paint): string {
  const every = width >= 3 ? 1 : Math.ceil(4 / width);
  const names = Array.from({ length: heads }, (_, head) => {
    if (head % every !== 0) return '';
    const span = width * Math.min(every, heads - head);
    return width >= 3 ? centred(String(head), width) : String(head).padEnd(span).slice(0, span);
  });
  return paint.dim(`  layer ${names.join('')}  head`);
}

function cell(value: number, extent: number, width: number, claimed: boolean, paint: Paint): string {
  if (paint.depth === 0) return plainCell(value, extent, width, claimed);
  const body = width >= 6 ? compact(value) : '';
  const text = width < 3 ? (claimed ? '◆' : '') : framed(body, width, claimed);
  const ground = paint.ground(mixed(value, extent), text.padEnd(width));
  return claimed ? paint.bold(ground) : ground;
}

/** Without colours a shade made of characters stands beside the number, or for it. */
function plainCell(value: number, extent: number, width: number, claimed: boolean): string {
  const mark = shade(value, extent);
  if (width < 3) return mark.repeat(width);
  const text = framed(width >= 6 ? compact(value) : mark, width, claimed);
  return width >= 7 && !claimed ? `${text.slice(0, -1)}${mark}` : text;
}

/** Points of numbers stand under each other, in brackets or not. */
function framed(body: string, width: number, claimed: boolean): string {
  const text = claimed ? `[${body.padStart(width - 2)}]` : `${body.padStart(width - 1)} `;
  return text.slice(0, width);
}

function centred(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - text.length) / 2));
  return (' '.repeat(left) + text).padEnd(width).slice(0, width);
}

function shade(value: number, extent: number): string {
  if (!Number.isFinite(value)) return '?';
  const scale = value < 0 ? NEGATIVE_SHADES : SHADES;
  return scale[Math.min(scale.length - 1, Math.round((Math.abs(value) / extent) * (scale.length - 1)))] ?? ' ';
}

function mixed(value: number, extent: number): Rgb {
  const share = Number.isFinite(value) ? (Math.abs(value) / extent) ** 0.8 : 0;
  const end = value < 0 ? NEGATIVE : POSITIVE;
  return ZERO.map((from, i) => from + ((end[i] ?? from) - from) * share) as unknown as Rgb;
}

function legend(
  { values, unit, marked }: Pick<HeatMap, 'values' | 'unit' | 'marked'>,
  extent: number,
  paint: Paint,
): string[] {
  const both = values.flat().some((value) => value < 0);
  const steps = Array.from({ length: both ? 17 : 9 }, (_, i) => (both ? i - 8 : i) / 8);
  const bar =
    paint.depth === 0
      ? `${both ? [...NEGATIVE_SHADES].reverse().join('') : ''}${SHADES.join('')}`
      : steps.map((step) => paint.ground(mixed(step * extent, extent), ' ')).join('');
  const note = marked.length === 0 ? '' : '   [claimed]';
  return [`        ${both ? `${number(-extent)} ` : '0 '}${bar} ${number(extent)} ${unit}${note}`];
}
