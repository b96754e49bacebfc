/** Layer × head heat map as a PNG, for those who can look at pictures and cannot draw SVG: blue below zero, orange above. */
import { number } from '../numbers.ts';
import { extentOf } from '../svg/heat-map.ts';
import type { HeatMap } from '../view/types.ts';
import { type Colour, GLYPH_HEIGHT, GLYPH_WIDTH, Pixels } from './pixels.ts';

const PAPER: Colour = [255, 255, 255];
const INK: Colour = [60, 64, 68];
const ZERO: Colour = [240, 241, 242];
const ABOVE: Colour = [214, 84, 16];
const BELOW: Colour = [28, 98, 190];
/** No number: neither zero nor small. */
const UNMEASURED: Colour = [160, 160, 160];

const LEFT = 3 * GLYPH_WIDTH;
const TOP = GLYPH_HEIGHT + 6;
const BOTTOM = GLYPH_HEIGHT + 26;
const LEGEND = 160;

/** Returns the file: layers downwards, heads to the right, both numbered from 0, and the scale below. */
export function heatMapPng({ values }: Pick<HeatMap, 'values'>): Buffer {
  const layers = values.length;
  const heads = values[0]?.length ?? 0;
  const size = Math.max(8, Math.min(28, Math.floor(640 / Math.max(layers, heads, 1))));
  const width = LEFT + Math.max(heads * size, LEGEND + 9 * GLYPH_WIDTH) + 4;
  const extent = extentOf(values);
  const picture = new Pixels(width, TOP + layers * size + BOTTOM, PAPER);
  for (const [layer, row] of values.entries()) {
    for (const [head, value] of row.entries())
      picture.box(LEFT + head * size, TOP + layer * size, size - 1, size - 1, colourOf(value / extent));
  }
  const middle = Math.floor((size - GLYPH_HEIGHT) / 2);
  for (const head of numbered(heads, size, 3 * GLYPH_WIDTH)) picture.text(LEFT + head * size + 2, 2, String(head), INK);
  for (const layer of numbered(layers, size, GLYPH_HEIGHT + 2))
    picture.text(2, TOP + layer * size + middle, String(layer), INK);
  legend(picture, TOP + layers * size + 8, extent);
  return picture.png();
}

/** Every so many of `count`, so that numbers of `room` pixels do not meet. */
function numbered(count: number, size: number, room: number): number[] {
  const every = Math.max(1, Math.ceil(room / size));
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}

function colourOf(share: number): Colour {
  if (!Number.isFinite(share)) return UNMEASURED;
  const end = share < 0 ? BELOW : ABOVE;
  const strength = Math.min(1, Math.abs(share)) ** 0.8; // small effects stay visible without looking large
  return ZERO.map((from, index) => Math.round(from + ((end[index] ?? from) - from) * strength)) as unknown as Colour;
}

function legend(picture: Pixels, y: number, extent: number): void {
  for (let x = 0; x < LEGEND; x++) picture.box(LEFT + x, y, 1, 10, colourOf((2 * x) / (LEGEND - 1) - 1));
  const largest = number(extent);
  picture.text(LEFT, y + 14, `-${largest}`, INK);
  picture.text(LEFT + LEGEND / 2, y + 14, '0', INK);
  picture.text(LEFT + LEGEND, y + 14, largest, INK);
}
