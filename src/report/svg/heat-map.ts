/** Layer × head heat map: colour diverges from zero, which is the surface; claimed heads are outlined; hover tells the value. */
import { compact, number } from '../numbers.ts';
import type { HeatMap } from '../view/types.ts';
import { el, type Markup, svg, text } from './element.ts';

const LEFT = 52;
const TOP = 34;

/** Returns the figure. Values that are not numbers are left blank and said to be unmeasured. */
export function heatMapSvg(map: Pick<HeatMap, 'values' | 'unit' | 'title' | 'marked'>): Markup {
  const layers = map.values.length;
  const heads = map.values[0]?.length ?? 0;
  const size = cellSize(layers, heads);
  const extent = extentOf(map.values);
  const width = Math.max(LEFT + heads * size.w + 16, LEFT + 320);
  const height = TOP + layers * size.h + 66;
  const marked = new Set(map.marked);
  return svg(
    width,
    height,
    map.title,
    text(LEFT, 13, 'head'),
    axis(heads, size.w, (i, at) => text(LEFT + at, TOP - 7, String(i), { 'text-anchor': 'middle' })),
    text(14, TOP + (layers * size.h) / 2, 'layer', {
      'text-anchor': 'middle',
      transform: `rotate(-90 14 ${TOP + (layers * size.h) / 2})`,
    }),
    axis(layers, size.h, (i, at) => text(LEFT - 8, TOP + at + 4, String(i), { 'text-anchor': 'end' })),
    map.values.map((row, layer) => row.map((value, head) => cell(layer, head, value, extent, size, map.unit))),
    map.values.flatMap((row, layer) =>
      row.map((_, head) => marked.has(`a${layer}.h${head}`) && outline(layer, head, size)),
    ),
    legend(
      TOP + layers * size.h + 22,
      extent,
      map.unit,
      extentOf(map.values) > 0 && hasNegative(map.values),
      marked.size > 0,
    ),
  );
}

interface Size {
  readonly w: number;
  readonly h: number;
}

/** Small models get cells with room for the number; large ones keep the whole map on a page. */
function cellSize(layers: number, heads: number): Size {
  const w = Math.max(12, Math.min(50, Math.floor(660 / Math.max(1, heads))));
  return { w, h: Math.max(11, Math.min(34, Math.floor(620 / Math.max(1, layers)), w)) };
}

/** Returns the largest absolute value, at least a hair over zero. */
export function extentOf(values: readonly (readonly number[])[]): number {
  return Math.max(1e-9, ...values.flat().filter(Number.isFinite).map(Math.abs));
}

function hasNegative(values: readonly (readonly number[])[]): boolean {
  return values.flat().some((value) => value < 0);
}

function axis(count: number, size: number, draw: (index: number, at: number) => Markup): Markup[] {
  const every = Math.ceil(18 / size) * (count > 40 ? 2 : 1);
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => i % every === 0)
    .map((i) => draw(i, i * size + size / 2));
}

function cell(layer: number, head: number, value: number, extent: number, { w, h }: Size, unit: string): Markup {
  const [x, y] = [LEFT + head * w, TOP + layer * h];
  const share = Number.isFinite(value) ? Math.abs(value) / extent : 0;
  const told = Number.isFinite(value) ? `${number(value)} ${unit}` : 'unmeasured';
  const box = { x: x + 0.5, y: y + 0.5, width: w - 1, height: h - 1, rx: 2 };
  return el(
    'g',
    {},
    el('title', {}, `a${layer}.h${head}: ${told}`),
    el('rect', { ...box, class: 'cell' }),
    share > 0 && el('rect', { ...box, class: value < 0 ? 'negative' : 'positive', 'fill-opacity': shade(share) }),
    w >= 40 &&
      text(x + w / 2, y + h / 2 + 4, compact(value), {
        'text-anchor': 'middle',
        class: share > 0.65 ? 'on' : share > 0.15 ? 'ink' : null,
      }),
  );
}

/** A gentle power keeps small effects visible without making them look large. */
function shade(share: number): number {
  return share ** 0.8;
}

function outline(layer: number, head: number, { w, h }: Size): Markup {
  const box = { x: LEFT + head * w + 0.5, y: TOP + layer * h + 0.5, width: w - 1, height: h - 1, rx: 2 };
  return el('rect', { ...box, class: 'claimed', 'pointer-events': 'none' });
}

function legend(y: number, extent: number, unit: string, both: boolean, marked: boolean): Markup {
  const from = both ? -20 : 0;
  const wide = both ? 5 : 9;
  const swatches = Array.from({ length: 21 - from }, (_, i) => i + from).map((i) =>
    el('rect', {
      x: LEFT + (i - from) * wide,
      y,
      width: wide + 0.2,
      height: 10,
      class: i < 0 ? 'negative' : 'positive',
      'fill-opacity': shade(Math.abs(i) / 20),
    }),
  );
  const end = LEFT + (21 - from) * wide;
  return el(
    'g',
    {},
    swatches,
    el('rect', { x: LEFT, y, width: end - LEFT, height: 10, fill: 'none', class: 'grid' }),
    text(LEFT, y + 25, both ? number(-extent) : '0'),
    both && text((LEFT + end) / 2, y + 25, '0', { 'text-anchor': 'middle' }),
    text(end, y + 25, number(extent), { 'text-anchor': 'end' }),
    text(end + 10, y + 9, unit),
    marked && el('rect', { x: end + 10, y: y + 16, width: 11, height: 11, rx: 2, class: 'claimed' }),
    marked && text(end + 27, y + 25, 'claimed'),
  );
}
