/** A behaviour that is nothing but a folder, measured on a trained organism by the real worker. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTool } from '../../tools/index.ts';
import type { JsonObject } from '../contract/index.ts';
import { findModel } from '../job/models.ts';
import { root } from '../root.ts';
import { hasWorkerPython } from '../setup/paths.mjs';
import { temporaryFolder } from '../testing.ts';
import { startWorker, type WorkerClient, workerPython } from '../worker/index.ts';
import { loadBehaviour, material } from './index.ts';

const folders = [join(root, 'src/protocol/fixtures/behaviours')];
const ready = hasWorkerPython() && existsSync(join(root, 'evals/organisms/icl-gemma2/config.json'));

async function opened<T>(
  name: string,
  use: (call: (tool: string, input: object) => Promise<JsonObject>) => Promise<T>,
): Promise<T> {
  const worker: WorkerClient = await startWorker({ python: workerPython() });
  try {
    const half = material(loadBehaviour(name, { folders }), 'search');
    await worker.open({ ...findModel('icl-gemma2', { device: 'cpu' }), material: half, artifacts: temporaryFolder() });
    return await use(async (tool, input) => {
      const known = findTool(tool);
      const output = await worker.call(tool, known?.input.parse(input) as JsonObject);
      return known?.output.parse(output) as JsonObject;
    });
  } finally {
    await worker.stop();
  }
}

describe.skipIf(!ready)('contrast pairs on an organism', () => {
  it('are shown, measured and patched, with no code of their own', async () => {
    await opened('next-month', async (call) => {
      const prompts = { kind: 'contrast-pairs', tasks: ['next-month'], count: 12 };
      const unknown = { ...prompts, tasks: ['next-month', 'unknown-words'] };
      const shown = await call('generate_prompts', { prompts: unknown });
      expect(shown).toMatchObject({ scorable: ['next-month'], samples: [], passed_over: [] });
      const why = 'it does not know all words of the prompt';
      expect(shown['unscorable']).toEqual([{ task: 'unknown-words', why: expect.stringContaining(why) }]);
      await expect(call('measure_behaviour', { prompts: unknown })).rejects.toThrow(why);
      const both = await call('measure_behaviour', { prompts: { ...prompts, counterfactual: 'backwards' } });
      const [clean, backwards] = both['contrasts'] as unknown as [Score, Score];
      expect(clean.accuracy).toBeGreaterThan(0.8);
      expect(backwards.rival_accuracy).toBeGreaterThan(0.8);
      expect(clean.logit_difference).toBeGreaterThan(3);
      expect(backwards.logit_difference).toBeLessThan(-3);

      const restore = { prompts: { ...prompts, variant: 'backwards' }, replace_by: 'counterfactual' };
      const heads = await call('sweep_heads', { ...restore, positions: ['END'] });
      const [found] = heads['contrasts'] as unknown as [{ counterpart: number; heads: { recovery: number }[] }];
      expect(found.counterpart).toBeCloseTo(clean.logit_difference, 3);
      expect(found.heads[0]?.recovery).toBeGreaterThan(0.1);
      const layers = await call('sweep_layers', { ...restore, positions: ['END', 'demonstrations.told', 'given'] });
      expect(layers['contrasts']).toEqual([
        { task: 'next-month', counterpart: found.counterpart, recovery: expect.closeTo(1, 2) },
      ]);
    });
  }, 60_000);
});

interface Score {
  readonly accuracy: number;
  readonly rival_accuracy: number;
  readonly logit_difference: number;
}
