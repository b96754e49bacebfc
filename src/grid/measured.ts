/**
 * What the verification of a run measured of every head, as one ranking. Which circuit was claimed, and what two rankings have in
 * common, belongs in circuits.ts.
 */
import * as z from 'zod';
import { ArtifactRef, type Json, type JsonObject, nameIn, type Protocol, type Step } from '../contract/index.ts';
import { comparedRanking } from '../protocol/index.ts';
import { checkArtifact, readTensor } from '../store/index.ts';

export type Ranking = ReadonlyMap<string, number>;

/**
 * Returns component -> effect, the higher the more it serves: of the measurement that a known-model criterion would compare with a
 * list, else of the first that ranks heads. Empty where none does.
 */
export function measuredRanking(
  protocol: Protocol | undefined,
  bodies: readonly Step['body'][],
  artifacts: string,
): Ranking {
  const results = bodies.flatMap((body) =>
    body.kind === 'tool-result' && body.phase === 'verify'
      ? [{ name: body.call.replace(/^verify\//, ''), output: body.output }]
      : [],
  );
  const asked = protocol && comparedRanking(protocol);
  const named = asked === undefined ? null : nameIn(asked);
  const ordered = [...results.filter(({ name }) => name === named), ...results];
  for (const { output } of ordered) {
    const found = tensorRanking(output, artifacts) ?? rowRanking(output);
    if (found !== null && found.size > 0) return found;
  }
  return new Map();
}

/** Of a tensor whose last axes are layer and head, the mean over the others. */
function tensorRanking(output: JsonObject, artifacts: string): Ranking | null {
  for (const value of Object.values(output)) {
    const { data: ref } = ArtifactRef.safeParse(value);
    if (ref?.axes.at(-2) !== 'layer' || ref.axes.at(-1) !== 'head' || checkArtifact(artifacts, ref.sha256) !== null)
      continue;
    const { data, shape } = readTensor(artifacts, ref.sha256);
    const [layers, heads] = shape.slice(-2) as [number, number];
    const ways = ref.axes[0] === 'task' ? waysOf(output) : [1];
    const means = new Float64Array(layers * heads);
    for (const [index, effect] of data.entries()) {
      const way = ways[Math.floor((index * ways.length) / data.length)] as number;
      means[index % means.length] =
        (means[index % means.length] as number) + (effect / way) * (means.length / data.length);
    }
    return new Map([...means].map((mean, index) => [`a${Math.floor(index / heads)}.h${index % heads}`, mean]));
  }
  return null;
}

const Contrasts = z.looseObject({
  tasks: z.array(z.looseObject({ baseline: z.number() })).min(1),
  contrasts: z.array(z.looseObject({ counterpart: z.number() })),
});

/**
 * What an effect of each task is a share of. A counterfactual takes the answer away: there the heads that serve have negative
 * effects, and shares of the way to the counterpart that are positive, as those of other rankings.
 */
function waysOf(output: JsonObject): number[] {
  const { data } = Contrasts.safeParse(output);
  const ways = data?.tasks.map(({ baseline }, task) => (data.contrasts[task]?.counterpart ?? 0) - baseline) ?? [];
  return ways.length === 0 || ways.includes(0) ? [1] : ways;
}

/** Of lists of components; of one that stands in a list twice the first row. */
function rowRanking(output: JsonObject): Ranking | null {
  for (const list of Object.values(output)) {
    const rows = Array.isArray(list) ? list.flatMap(effectOf) : [];
    if (rows.length > 0) return new Map(rows.reverse());
  }
  return null;
}

function effectOf(row: Json): [string, number][] {
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return [];
  const { component, strength, effect, score } = row;
  const value = [strength, effect, score].find((one) => typeof one === 'number');
  return typeof component === 'string' && typeof value === 'number' ? [[component, value]] : [];
}
