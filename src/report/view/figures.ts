/**
 * Which tool results become figures: found by the tool's name in two tables, so that a new finding needs no change here.
 * Repeats of a measurement over a control are lines of a curve, never figures of their own.
 */
import type { JsonObject, Protocol, SealedClaim } from '../../contract/index.ts';
import type { Result } from './trail.ts';
import { isControl } from './trail.ts';
import type { Curve, CurveLine, Figure, HeatMap } from './types.ts';

/** A tensor as the store reads it; `data` is row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}
export type Tensors = ReadonlyMap<string, Tensor>;

/** Tools whose result holds a map over (layer, head): the field of the artifact, and what its numbers are. */
const HEAT_MAPS: Record<string, { field: string; title: (input: JsonObject) => string; unit: string }> = {
  rank_heads: {
    field: 'average',
    title: () => 'Average indirect effect of each head',
    unit: 'change in answer probability',
  },
  attention_scores: { field: 'scores', title: attended, unit: 'share of attention' },
  copy_scores: { field: 'scores', title: () => 'Copying score of each head (weights only)', unit: 'score, −1 to 1' },
};
const CURVE_TOOL = 'inject_vector';
const HALF = { search: 'search half', verify: 'held-out half' } as const;

/** Returns the artifacts whose tensors the figures need. */
export function tensorsDrawn(results: readonly Result[]): string[] {
  return results.flatMap((result) => heatMapSha(result) ?? []);
}

/** Returns the figures in the order of the run: heat maps first, then curves. */
export function figuresOf(
  results: readonly Result[],
  tensors: Tensors,
  protocol: Protocol,
  claim: SealedClaim | null,
): Figure[] {
  const own = results.filter((result) => !isControl(result.call, protocol));
  const maps = distinct(own.flatMap((result) => heatMap(result, tensors, claim) ?? []));
  const curves = (['search', 'verify'] as const).flatMap((phase) => curve(results, phase, protocol, claim) ?? []);
  return [...maps, ...curves];
}

/** The same ranking asked for at several depths has one map. */
function distinct(maps: readonly HeatMap[]): HeatMap[] {
  const key = ({ title, values }: HeatMap) => `${title}|${JSON.stringify(values)}`;
  return [...new Map(maps.toReversed().map((map) => [key(map), map])).values()].reverse();
}

/** Returns the map of one result, without marks; null where its tool makes none or its tensor is not there. */
export function heatMapOf(result: Result, tensors: Tensors): HeatMap | null {
  return heatMap(result, tensors, null);
}

function heatMapSha(result: Result): string | null {
  const row = HEAT_MAPS[result.tool];
  const ref = row && (result.output[row.field] as JsonObject | undefined);
  return typeof ref?.['sha256'] === 'string' ? ref['sha256'] : null;
}

function heatMap(result: Result, tensors: Tensors, claim: SealedClaim | null): HeatMap | null {
  const row = HEAT_MAPS[result.tool];
  const sha = heatMapSha(result);
  const tensor = sha === null ? undefined : tensors.get(sha);
  if (row === undefined || tensor === undefined || tensor.shape.length < 2) return null;
  return {
    kind: 'heat-map',
    tool: result.tool,
    phase: result.phase,
    title: `${row.title(result.input)}, ${HALF[result.phase]}`,
    unit: row.unit,
    values: layersByHeads(tensor),
    marked: claim === null ? [] : Object.values(claim.roles).flat(),
    act: result.act,
    artifact: sha,
  };
}

/** Contrast pairs have named positions; the pattern, which has a default, is of repeated tokens alone. */
function attended({ queries, keys, pattern }: JsonObject): string {
  if (!Array.isArray(queries) || !Array.isArray(keys)) return `Attention on the pattern, by head: ${pattern}`;
  return `Attention from ${queries.join(', ')} to ${keys.join(', ')}, by head`;
}

/** Returns (layer, head): the mean over all leading axes, of which attention scores have one (sequence). */
export function layersByHeads({ shape, data }: Tensor): number[][] {
  const [layers, heads] = shape.slice(-2) as [number, number];
  const plane = layers * heads;
  const planes = plane === 0 ? 0 : data.length / plane;
  const at = (cell: number) => {
    let sum = 0;
    for (let p = 0; p < planes; p++) sum += data[p * plane + cell] ?? Number.NaN;
    return sum / planes;
  };
  return Array.from({ length: layers }, (_, l) => Array.from({ length: heads }, (_, h) => at(l * heads + h)));
}

function curve(
  results: readonly Result[],
  phase: Result['phase'],
  protocol: Protocol,
  claim: SealedClaim | null,
): Curve | null {
  const own = results.filter((result) => result.tool === CURVE_TOOL && result.phase === phase);
  if (own.length === 0) return null;
  const layer = Object.entries(claim?.settings ?? {}).find(([name]) => name.includes('layer'))?.[1];
  return {
    kind: 'curve',
    phase,
    title: `Accuracy after adding the vector, by layer, ${HALF[phase]}`,
    unit: 'accuracy, share of prompts',
    before: numberAt(own[0]?.output['before']),
    chosen: numberAt(layer),
    lines: withoutPoints(own.flatMap((result) => line(result, protocol))),
  };
}

/** A single point of a line that is also drawn whole adds nothing. */
function withoutPoints(lines: readonly CurveLine[]): CurveLine[] {
  const whole = new Set(lines.filter((item) => item.points.length > 1).map((item) => item.label));
  return lines.filter((item) => item.role === 'control' || item.points.length > 1 || !whole.has(item.label));
}

function line(result: Result, protocol: Protocol): CurveLine[] {
  const points = bestByLayer((result.output['rows'] ?? []) as JsonObject[]);
  if (points.length === 0) return [];
  const ref = result.output['accuracy'] as JsonObject | undefined;
  const artifact = typeof ref?.['sha256'] === 'string' ? ref['sha256'] : null;
  return [{ ...labelled(result, protocol), points, act: result.act, artifact }];
}

/** Several scales give several rows a layer; the best one is drawn, as the result's own `best` is chosen. */
function bestByLayer(rows: readonly JsonObject[]): { layer: number; value: number }[] {
  const best = new Map<number, number>();
  for (const row of rows) {
    const layer = Number(row['layer']);
    best.set(layer, Math.max(best.get(layer) ?? -1, Number(row['accuracy'])));
  }
  return [...best].map(([layer, value]) => ({ layer, value })).sort((a, b) => a.layer - b.layer);
}

function labelled({ input, call }: Result, protocol: Protocol): Pick<CurveLine, 'label' | 'role'> {
  const heads = Array.isArray(input['components']) ? input['components'].length : 0;
  const of = `${heads} ${heads === 1 ? 'head' : 'heads'}`;
  if (isControl(call, protocol)) return { label: `random matched ${of}`, role: 'control' };
  if (input['vector'] === 'other-task') return { label: `${of}, another task's vector`, role: 'other-task' };
  if (input['norm'] === 'through-norm') return { label: `${of}, through the norm`, role: 'alternative' };
  return { label: of, role: 'claimed' };
}

function numberAt(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
