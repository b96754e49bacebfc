/** Accuracy against the layer after which a vector is added, with the accuracy without it and what the controls gave. */
import { number } from '../numbers.ts';
import type { Curve, CurveLine } from '../view/types.ts';
import { el, linear, type Markup, type Scale, svg, text } from './element.ts';

const WIDTH = 780;
const HEIGHT = 300;
const BOX = { left: 52, right: 500, top: 16, bottom: 250 };

/** Returns the figure. One layer is drawn as points, several as lines; controls as thin lines in a band. */
export function curveSvg(curve: Curve): Markup {
  const layers = [...new Set(curve.lines.flatMap((line) => line.points.map((point) => point.layer)))].sort(
    (a, b) => a - b,
  );
  const x = layerScale(layers);
  const y = linear([0, 1], [BOX.bottom, BOX.top], 5);
  const controls = curve.lines.filter((line) => line.role === 'control');
  const named = curve.lines.filter((line) => line.role !== 'control');
  return svg(
    WIDTH,
    HEIGHT,
    curve.title,
    axes(x, y, layers, curve),
    layers.length > 1 && band(controls, layers, x, y),
    controls.map((line, i) => drawn(line, x, y, layers.length > 1 ? 0 : spread(i, controls.length))),
    curve.before !== null && rule(y(curve.before), `without the vector: ${number(curve.before)}`),
    named.map((line) => drawn(line, x, y, 0)),
    legend(named, controls, curve.before),
  );
}

function layerScale(layers: readonly number[]): Scale {
  const [first, last] = [layers[0] ?? 0, layers.at(-1) ?? 0];
  return linear([first, last], [BOX.left + 18, BOX.right - 18], 8);
}

/** Points at one layer would hide one another; they are set apart side by side, in their order. */
function spread(index: number, count: number): number {
  return count < 2 ? 0 : ((index / (count - 1)) * 2 - 1) * 110;
}

function axes(x: Scale, y: Scale, layers: readonly number[], curve: Curve): Markup {
  const every = Math.ceil(layers.length / 16);
  const middle = (BOX.top + BOX.bottom) / 2;
  return el(
    'g',
    {},
    y.ticks.map((tick) => [
      el('line', { x1: BOX.left, x2: BOX.right, y1: y(tick), y2: y(tick), class: 'grid' }),
      text(BOX.left - 8, y(tick) + 4, tick.toFixed(1), { 'text-anchor': 'end' }),
    ]),
    el('line', { x1: BOX.left, x2: BOX.right, y1: BOX.bottom, y2: BOX.bottom, class: 'axis' }),
    layers
      .filter((_, i) => i % every === 0)
      .map((layer) =>
        text(x(layer), BOX.bottom + 18, String(layer), {
          'text-anchor': 'middle',
          class: layer === curve.chosen ? 'name' : null,
        }),
      ),
    text((BOX.left + BOX.right) / 2, BOX.bottom + 38, 'added after layer', { 'text-anchor': 'middle' }),
    text(13, middle, curve.unit, { 'text-anchor': 'middle', transform: `rotate(-90 13 ${middle})` }),
  );
}

function band(controls: readonly CurveLine[], layers: readonly number[], x: Scale, y: Scale): Markup | null {
  const at = (layer: number) =>
    controls.flatMap((line) => line.points.filter((p) => p.layer === layer).map((p) => p.value));
  const measured = layers.filter((layer) => at(layer).length > 0);
  if (measured.length < 2) return null;
  const top = measured.map((layer) => `${x(layer).toFixed(1)},${y(Math.max(...at(layer))).toFixed(1)}`);
  const low = measured.map((layer) => `${x(layer).toFixed(1)},${y(Math.min(...at(layer))).toFixed(1)}`).reverse();
  return el('path', { d: `M${[...top, ...low].join('L')}Z`, class: 'band' });
}

function drawn(line: CurveLine, x: Scale, y: Scale, offset: number): Markup {
  const at = line.points.map(({ layer, value }) => ({ layer, value, px: x(layer) + offset, py: y(value) }));
  const path = at.map(({ px, py }) => `${px.toFixed(1)},${py.toFixed(1)}`).join('L');
  const radius = line.role === 'control' ? 2.2 : at.length > 24 ? 2.5 : 4;
  return el(
    'g',
    {},
    at.length > 1 && el('path', { d: `M${path}`, class: `line s-${line.role}` }),
    at.map(({ layer, value, px, py }) =>
      el(
        'circle',
        { cx: px, cy: py, r: radius, class: `f-${line.role}`, 'fill-opacity': line.role === 'control' ? 0.75 : null },
        el('title', {}, `${line.label}, layer ${layer}: ${number(value)} (${line.act})`),
      ),
    ),
  );
}

function rule(at: number, told: string): Markup {
  return el(
    'g',
    {},
    el('title', {}, told),
    el('line', { x1: BOX.left, x2: BOX.right, y1: at, y2: at, class: 'baseline' }),
  );
}

function legend(named: readonly CurveLine[], controls: readonly CurveLine[], before: number | null): Markup {
  const left = BOX.right + 22;
  const best = (lines: readonly CurveLine[]) => Math.max(...lines.flatMap((line) => line.points.map((p) => p.value)));
  const rows: { swatch: string; name: string; told: string }[] = named.map((line) => ({
    swatch: `s-${line.role}`,
    name: line.label,
    told: `best ${number(best([line]))}`,
  }));
  if (controls.length > 0) {
    const name = `${controls.length} × ${controls[0]?.label ?? ''}`;
    rows.push({ swatch: 's-control', name, told: `best ${number(best(controls))}` });
  }
  if (before !== null) rows.push({ swatch: 'baseline', name: 'without the vector', told: number(before) });
  return el(
    'g',
    {},
    rows.map(({ swatch, name, told }, i) => {
      const y = BOX.top + 14 + i * 40;
      return [
        el('line', { x1: left, x2: left + 20, y1: y - 4, y2: y - 4, class: `line ${swatch}` }),
        text(left + 28, y, name, { class: 'ink' }),
        text(left + 28, y + 15, told),
      ];
    }),
  );
}
