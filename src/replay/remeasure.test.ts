/** A sample of a real run measured again in real workers: bitwise, by the other engine within the interval, and where the record lies. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Run, Step } from '../contract/index.ts';
import { type Bench, bench, buildTiny, tinyProtocol } from '../job/fixtures/tiny.ts';
import { runJob } from '../job/index.ts';
import { type Remeasured, remeasure, replay } from './index.ts';

let here: Bench;
let model: string;
let run: Run;
let steps: readonly Step[];
beforeAll(async () => {
  here = bench();
  model = join(here.folder, 'tiny-llama');
  await buildTiny('llama', model);
  run = await runJob({ ...here.means, finding: tinyProtocol(), model, planner: 'scripted', seed: 1 });
  steps = here.record.steps(run.run);
}, 600_000);

const again = (changed: readonly Step[], count = 999, seed = 0): Promise<Remeasured[]> => {
  const { artifacts, python } = here.means;
  return remeasure({ run, steps: changed, artifacts, python, model, count, seed });
};

describe('a tiny run', { timeout: 300_000 }, () => {
  it('is decided again as it is recorded', async () => {
    expect(await replay(run, steps)).toMatchObject({ difference: null, sealed: true });
  });

  it('gives every number again, bit by bit, on the same machine', async () => {
    const found = await again(steps);
    expect(found.length).toBeGreaterThan(8);
    expect(found.filter((item) => item.class !== 'bitwise')).toEqual([]);
    expect(found.find(({ tool }) => tool === 'sweep_heads')?.interval).toMatchObject({
      by: 'the audit of its receipt',
    });
  });

  it('gives a sample of the size and seed asked for, and leaves the record as it was', async () => {
    expect(await again(steps, 2, 7)).toHaveLength(2);
    expect(here.record.steps(run.run)).toEqual(steps);
  });

  it('by the other engine lies within the interval, and says what is otherwise', async () => {
    const other = steps.map((step): Step => {
      return step.body.kind === 'opened' ? { ...step, body: { ...step.body, engine: 'reference' } } : step;
    });
    const found = await again(other);
    expect(found.filter((item) => item.class === 'different')).toEqual([]);
    const sweep = found.find(({ tool }) => tool === 'sweep_heads');
    expect(sweep?.conditions.map(({ path }) => path)).toContain('receipt.engine');
    expect(found.some((item) => item.class === 'within' && (item.deviation ?? 0) > 0)).toBe(true);
  });

  it('is different where a number or a word of the record is another', async () => {
    const few = steps.filter(({ body }) => body.kind !== 'tool-result' || body.tool === 'measure_behaviour');
    let changed = 0;
    const lying = few.map((step): Step => {
      if (step.body.kind !== 'tool-result') return step;
      const [from, to] = changed++ === 0 ? [/"accuracy":[\d.e-]+/, '"accuracy":0.987654'] : [/"bos":"\w+/, '"bos":"x'];
      return { ...step, body: JSON.parse(JSON.stringify(step.body).replace(from, to)) as Step['body'] };
    });
    const [first, second] = await again(lying);
    expect(first).toMatchObject({ class: 'different', deviation: expect.any(Number) });
    expect(first?.at).toContain('accuracy');
    expect(second).toMatchObject({ class: 'different', deviation: null });
    expect(second?.at).toContain('receipt.bos: "x');
  });
});
