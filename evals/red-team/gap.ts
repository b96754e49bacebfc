/**
 * The memorisation gap: one finding on an organism and on its twin, whose heads stand elsewhere. Who measures finds the same heads on
 * both; who recites finds none.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Component } from '../../src/contract/index.ts';
import { runJob } from '../../src/job/index.ts';
import type { RunRecord } from '../../src/store/index.ts';
import { type Bench, FINDING, SEED } from './bench.ts';

export const Gap = z.strictObject({
  original: z.array(Component).describe('heads that the scripted planner claims on the organism'),
  twin: z.array(Component).describe('heads that it claims on the twin'),
  verdicts: z.tuple([z.string(), z.string()]).describe('on the organism, on the twin'),
  moved: z.boolean().describe('the heads of the twin are those of the organism, where the permutation put them'),
});
export type Gap = z.infer<typeof Gap>;

export async function memorisationGap(bench: Bench): Promise<Gap> {
  const model = await bench.twin();
  const [original, before] = await bench.at(async ({ record }) => claimed(record), await bench.honest());
  const [twin, after] = await bench.at(async ({ means, record }) => {
    await runJob({ ...means, finding: FINDING, model, planner: 'scripted', seed: SEED });
    return claimed(record);
  });
  const expected = original.map(placesIn(join(model, 'permutation.json')));
  const moved = [...expected].sort().join(' ') === [...twin].sort().join(' ');
  return { original, twin, verdicts: [before, after], moved };
}

function claimed(record: RunRecord): [string[], string] {
  const run = record.list().at(-1);
  const body = record.step(run?.run ?? '', 'claim')?.body;
  return [body?.kind === 'claim' ? (body.claim.roles['induction'] ?? []) : [], run?.verdict ?? run?.state ?? 'none'];
}

/** Returns where a head of the original stands in the twin. */
function placesIn(file: string): (head: string) => string {
  const { heads } = JSON.parse(readFileSync(file, 'utf8')) as { heads: number[][] };
  return (component) => {
    const [, layer = '', head = ''] = /^a(\d+)\.h(\d+)$/.exec(component) ?? [];
    return `a${layer}.h${heads[Number(layer)]?.indexOf(Number(head))}`;
  };
}
