/** kill -9 of the orchestrator or the worker after a step, then --resume: the same record as if nothing had happened. */
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { killAndResume } from '../../evals/suites/kill-resume.ts';
import { bench, buildTiny, tinyProtocol } from './fixtures/tiny.ts';

const here = bench();
const model = join(here.folder, 'tiny-llama');
beforeAll(() => buildTiny('llama', model), 600_000);

it('gives the same record after every kill', async () => {
  const outcomes = await killAndResume({ finding: tinyProtocol(), model, seed: 1, points: 5, at_once: 2 });
  expect(outcomes.map(({ killed }) => killed)).toEqual([
    'orchestrator',
    'worker',
    'orchestrator',
    'worker',
    'orchestrator',
  ]);
  expect(outcomes.filter(({ identical }) => !identical)).toEqual([]);
}, 600_000);
