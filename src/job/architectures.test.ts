/** The whole path, from the gate to the sealed verdict, on an untrained model of each architecture. The verdict is not the point. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyRun } from '../store/index.ts';
import { bench, buildTiny, CONFIGS, tinyProtocol } from './fixtures/tiny.ts';
import { runJob } from './index.ts';

const here = bench();

describe('the whole path', () => {
  it.each(Object.keys(CONFIGS) as (keyof typeof CONFIGS)[])(
    'runs on %s',
    async (architecture) => {
      const folder = join(here.folder, `tiny-${architecture.replace('_', '-')}`);
      await buildTiny(architecture as keyof typeof CONFIGS & 'llama', folder);
      const run = await runJob({ ...here.means, finding: tinyProtocol(), model: folder, planner: 'scripted', seed: 1 });
      expect(run).toMatchObject({ state: 'sealed', verdict: 'reproduced', note: '' });
      const steps = here.record.steps(run.run);
      const verdict = steps.find(({ body }) => body.kind === 'verdict')?.body;
      expect(verdict).toMatchObject({
        verdict: {
          gate: { status: 'pass' },
          criteria: [{ status: 'pass' }, { status: 'pass' }, { status: 'unmeasured' }, { status: 'pass' }],
        },
      });
      expect(verifyRun(here.record, run.run, { artifacts: here.means.artifacts })).toMatchObject({
        ok: true,
        problems: [],
      });
    },
    300_000,
  );
});
