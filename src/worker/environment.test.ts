import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { workerEnvironment } from './environment.ts';

test('keys do not reach a worker, and what it needs does', () => {
  const environment = workerEnvironment({
    PATH: '/bin',
    HF_HOME: '/cache',
    CUDA_VISIBLE_DEVICES: '0',
    MALLOC_TOP_PAD_: '1',
    ANTHROPIC_API_KEY: 'k',
    HF_TOKEN: 't',
    AWS_SECRET_ACCESS_KEY: 's',
    RECIRCUIT_KEY: 'k',
    NODE_OPTIONS: '--inspect',
    HF_HUB_OFFLINE: '0',
  });
  expect(environment).toMatchObject({
    PATH: '/bin',
    HF_HOME: '/cache',
    CUDA_VISIBLE_DEVICES: '0',
    MALLOC_TOP_PAD_: '1',
  });
  expect(environment).toMatchObject({ HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' });
  expect(Object.keys(environment).filter((name) => /TOKEN$|KEY|NODE_/.test(name))).toEqual([]);
});

test('the worker of the checkout goes before any other', () => {
  const ours = join(root, 'tools', 'worker');
  expect(workerEnvironment({})['PYTHONPATH']).toBe(ours);
  expect(workerEnvironment({ PYTHONPATH: '/more' })['PYTHONPATH']).toBe(`${ours}${delimiter}/more`);
});
