/** Restarting, against real processes. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { facts } from '../contract/fixtures/facts.ts';
import type { OpenRequest } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { failureOf, hostile, isRunning } from './fixtures/start.ts';
import { WorkerHandle } from './index.ts';

const request: OpenRequest = {
  model: 'none',
  folder: '.',
  repository: null,
  revision: null,
  weights_sha256: null,
  dtype: 'float32',
  device: 'cpu',
  engine: 'fast',
  expect: null,
  material: { kind: 'repeated-tokens', behaviour: 'repeated-tokens', split: 'search', namespace: 'n' },
  artifacts: '.',
};

const policy = { restarts: 2, windowMs: 600_000, backoffMs: 1 };

async function withHandle(use: (handle: WorkerHandle) => Promise<void>): Promise<void> {
  const env = { RECIRCUIT_FIXTURE_FACTS: JSON.stringify(facts()) };
  const handle = await WorkerHandle.open(hostile({ env }), request, {}, policy);
  try {
    await use(handle);
  } finally {
    await handle.stop();
    expect(isRunning(handle.pid)).toBe(false);
  }
}

const marker = (): { marker: string } => ({ marker: join(temporaryFolder(), 'died') });

test('a call during which the worker died is made once more by a new worker', async () => {
  await withHandle(async (handle) => {
    expect(handle.facts).toEqual(facts());
    const first = handle.pid;
    const { pid } = await handle.call('die_once', marker());
    expect(pid).not.toBe(first);
    expect(handle.pid).toBe(pid);
    expect(isRunning(first)).toBe(false);
  });
});

test('two calls that meet the same death share one restart', async () => {
  await withHandle(async (handle) => {
    const where = marker();
    const [a, b] = await Promise.all([handle.call('die_once', where), handle.call('die_once', where)]);
    expect(a).toEqual(b);
  });
});

test('a call that kills the next worker too is given up with the reason', async () => {
  await withHandle(async (handle) => {
    const failure = await failureOf(handle.call('crash', {}));
    expect(failure).toMatchObject({ kind: 'fault', code: 'worker-died' });
    expect(failure.sentence).toContain('MemoryError: no room');
  });
});

test('a worker that keeps dying is given up, after two restarts in the window', async () => {
  await withHandle(async (handle) => {
    await handle.call('die_once', marker());
    await handle.call('die_once', marker());
    const failure = await failureOf(handle.call('die_once', marker()));
    expect(failure.code).toBe('worker-died');
    expect(failure.sentence).toContain('started again 2 times before');
  });
});

test('a call over its time limit is not repeated, and the next one finds a new worker', async () => {
  await withHandle(async (handle) => {
    expect(await failureOf(handle.call('hang', {}, { timeoutMs: 50 }))).toMatchObject({ code: 'time-limit' });
    expect(await handle.call('echo', { here: 1 })).toEqual({ here: 1 });
  });
});

test('a worker that breaks the wire is not started again for the same call', async () => {
  await withHandle(async (handle) => {
    expect(await failureOf(handle.call('garbage', {}))).toMatchObject({ code: 'worker-broken' });
  });
});

test('facts that do not fit the contract end the opening', async () => {
  const failure = await failureOf(WorkerHandle.open(hostile({ env: { RECIRCUIT_FIXTURE_FACTS: '{}' } }), request));
  expect(failure).toMatchObject({ code: 'worker-broken' });
});
