/** Writes SVG and HTML as text: one function that escapes, and the scales that the figures share. */
import { safe } from '../escape.ts';

/** Markup that has already passed through `safe` or is our own. */
export type Markup = { readonly markup: string };
type Child = Markup | string | number | null | false | readonly Child[];
type Attributes = Record<string, string | number | null | undefined | false>;

/** Elements without content; HTML asks for no closing tag there, XML for a slash, and both read `<x/>`. */
const VOID = new Set(['meta', 'br', 'hr', 'line', 'rect', 'circle', 'path', 'use', 'stop']);

/** Returns an element. Strings among the children and all attribute values are escaped; `Markup` is not. */
export function el(name: string, attributes: Attributes, ...children: Child[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null && value !== undefined && value !== false)
    .map(([key, value]) => ` ${key}="${safe(typeof value === 'number' ? round(value) : value, 'html')}"`)
    .join('');
  const inner = children.map(write).join('');
  return { markup: inner === '' && VOID.has(name) ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>` };
}

/** Returns text that is trusted as it stands: style sheets of ours. */
export function raw(markup: string): Markup {
  return { markup };
}

function write(child: Child): string {
  if (child === null || child === false) return '';
  if (Array.isArray(child)) return child.map(write).join('');
  if (typeof child === 'object') return (child as Markup).markup;
  return safe(child, 'html');
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A linear map from a domain to pixels. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** Returns a scale with round ticks, about `count` of them. A domain of one value is widened. */
export function linear(domain: readonly [number, number], range: readonly [number, number], count = 5): Scale {
  const [low, high] = domain[0] === domain[1] ? [domain[0] - 0.5, domain[1] + 0.5] : domain;
  const scale = (value: number) => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]);
  return Object.assign(scale, { ticks: ticks(low, high, count) });
}

/** Returns round numbers (1, 2 or 5 times a power of ten) inside a range. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Returns an SVG element with a title for those who cannot see it. */
export function svg(width: number, height: number, label: string, ...children: Child[]): Markup {
  const box = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height };
  return el('svg', { ...box, role: 'img', class: 'figure' }, el('title', {}, label), ...children);
}

/** Returns a text element; `anchor` is where the point lies in the text. */
export function text(x: number, y: number, content: string, attributes: Attributes = {}): Markup {
  return el('text', { x, y, ...attributes }, content);
}
