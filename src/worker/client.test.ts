/** The transport against real processes that misbehave in every way that has a name. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Progress } from '../contract/index.ts';
import { root } from '../root.ts';
import { failureOf, hostile, isRunning, withWorker } from './fixtures/start.ts';
import { startWorker } from './index.ts';

test('calls are answered, alone and many at once, and the process is gone after stop', async () => {
  const pid = await withWorker(async (worker) => {
    expect(worker.hello.worker).toBe('fixture');
    const texts = Array.from({ length: 500 }, (_, i) => ({ text: `${i} ${'é'.repeat(2_000)}` }));
    expect(await Promise.all(texts.map((params) => worker.call('echo', params)))).toEqual(texts);
    return worker.pid;
  });
  expect(isRunning(pid)).toBe(false);
});

test('a character cut into single bytes arrives whole', async () => {
  const result = await withWorker((worker) => worker.call('split_character', {}));
  expect(result).toEqual({ text: 'é→🙂' });
});

test('refusals and faults of the worker keep their kind and code', async () => {
  await withWorker(async (worker) => {
    const refusal = await failureOf(worker.call('refuse', {}));
    expect(refusal).toEqual({
      kind: 'refusal',
      code: 'unknown-task',
      sentence: 'asked for: because. Instead: do not.',
    });
    expect(await failureOf(worker.call('fault', {}))).toMatchObject({ kind: 'fault', code: 'nan' });
    expect(await worker.call('echo', { still: 'here' })).toEqual({ still: 'here' });
  });
});

test('progress reaches the call that it belongs to', async () => {
  await withWorker(async (worker) => {
    const seen: Progress[] = [];
    await worker.call('slow', { steps: 3 }, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done, total }) => `${done}/${total}`)).toEqual(['0/3', '1/3', '2/3']);
  });
});

test.each([
  ['a time limit', () => ({ timeoutMs: 100 }), 'time-limit'],
  ['an abort', () => ({ signal: AbortSignal.timeout(100) }), 'cancelled'],
])('%s ends a call at a safe point and the worker lives on', async (_, options, code) => {
  await withWorker(async (worker) => {
    expect(await failureOf(worker.call('slow', { steps: 1_000 }, options()))).toMatchObject({ kind: 'fault', code });
    expect(await worker.call('echo', {})).toEqual({});
  });
});

test.each([
  ['a time limit', () => ({ timeoutMs: 50 }), 'time-limit'],
  ['an abort', () => ({ signal: AbortSignal.timeout(50) }), 'cancelled'],
])('%s kills a worker that does not heed it', async (_, options, code) => {
  await withWorker(async (worker) => {
    expect(await failureOf(worker.call('hang', {}, options()))).toMatchObject({ code });
    expect(await worker.exited).toContain('did not heed a cancel');
    expect(isRunning(worker.pid)).toBe(false);
    expect(await failureOf(worker.call('echo', {}))).toMatchObject({ code: 'worker-died' });
  });
});

test('a call that is aborted before it begins is not sent', async () => {
  await withWorker(async (worker) => {
    expect(await failureOf(worker.call('crash', {}, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'cancelled',
    });
    expect(await worker.call('echo', {})).toEqual({});
  });
});

test.each([
  ['crash', {}, /exit code 3; MemoryError: no room/],
  ['signal', { signal: 11 }, /killed by SIGSEGV/],
  ['signal', { signal: 9 }, /SIGKILL, not by us: likely out of memory/],
  ['half_line', {}, /exit code 0; after half a line of 23 bytes/],
])('a worker that dies by %s %o ends all its calls with the reason', async (method, params, reason) => {
  await withWorker(async (worker) => {
    const calls = [worker.call(method, params), worker.call('echo', {})];
    for (const failure of await Promise.all(calls.map(failureOf))) {
      expect(failure).toMatchObject({ kind: 'fault', code: 'worker-died' });
      expect(failure.sentence).toMatch(reason);
    }
    expect(await worker.exited).toMatch(reason);
  });
});

test.each([
  ['garbage', /not JSON: "loading weights: 100 %"/],
  ['nan', /not JSON/],
  ['not_a_reply', /neither reply nor progress/],
  ['unknown_id', /replied to call 100\d, which is not under way/],
  ['flood', /more than 16777216 bytes/],
])('a worker that breaks the wire by %s is killed with one sentence', async (method, reason) => {
  await withWorker(async (worker) => {
    const failure = await failureOf(worker.call(method, {}));
    expect(failure).toMatchObject({ kind: 'fault', code: 'worker-broken' });
    expect(failure.sentence).toMatch(reason);
    expect(failure.sentence).not.toContain('\n');
    await worker.exited;
    expect(isRunning(worker.pid)).toBe(false);
    expect(await failureOf(worker.call('echo', {}))).toMatchObject({ code: 'worker-broken' });
  });
});

test('a second reply to one call breaks the wire', async () => {
  await withWorker(async (worker) => {
    await worker.call('twice', {});
    expect(await worker.exited).toMatch(/not under way/);
  });
});

test('a worker that ignores a closed input and SIGTERM is killed by stop', async () => {
  const worker = await startWorker(hostile({ env: { RECIRCUIT_FIXTURE_STAYS: '1' } }));
  await worker.call('deaf', {});
  const hanging = failureOf(worker.call('hang', {}));
  await worker.stop();
  expect(await hanging).toMatchObject({ code: 'worker-died' });
  expect(isRunning(worker.pid)).toBe(false);
});

test.each([
  ['the contract', { RECIRCUIT_FIXTURE_CONTRACT: '0'.repeat(64) }, 'contract-differs', /npm run generate/],
  ['the wire version', { RECIRCUIT_FIXTURE_WIRE: '2' }, 'wire-differs', /wire version 2, we speak 1/],
  ['the shape of hello', { RECIRCUIT_FIXTURE_CONTRACT: 'x' }, 'worker-broken', /hello does not fit/],
])('a worker that differs in %s gets no request', async (_, env, code, sentence) => {
  const failure = await failureOf(startWorker(hostile({ env })));
  expect(failure.code).toBe(code);
  expect(failure.sentence).toMatch(sentence);
});

test.each([
  ['an interpreter that is not there', { python: '/nowhere/python' }, /could not be started \(ENOENT\)/],
  ['a module that is not there', { args: ['-m', 'no_such_worker'] }, /No module named no_such_worker/],
])('%s is one sentence that says what to do', async (_, options, reason) => {
  const failure = await failureOf(startWorker(hostile(options)));
  expect(failure).toMatchObject({ kind: 'fault', code: 'no-worker' });
  expect(failure.sentence).toMatch(reason);
  expect(failure.sentence).toContain('Instead: run `npm start`');
});

test('a worker that never says hello is ended', async () => {
  const options = hostile({ args: ['-c', 'import time; time.sleep(60)'], helloTimeoutMs: 100 });
  expect(await failureOf(startWorker(options))).toMatchObject({ code: 'time-limit' });
});

test('log records of the worker reach the log at their level', async () => {
  const seen: unknown[] = [];
  const note = (level: string) => (fields: object, message: string) => seen.push([level, fields, message]);
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  await withWorker((worker) => worker.call('log', {}), { log });
  expect(seen).toEqual([['warn', { src: 'worker', ms: 5 }, 'slow disk']]);
});

test('no key of ours is in the environment of a worker', async () => {
  process.env['ANTHROPIC_API_KEY'] = 'not a key';
  const environment = await withWorker((worker) => worker.call('environment', {}));
  delete process.env['ANTHROPIC_API_KEY'];
  expect(environment).toMatchObject({ HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' });
  expect(environment).not.toHaveProperty('ANTHROPIC_API_KEY');
});

test.each(['process.exit(0)', 'process.kill(process.pid, "SIGKILL")'])('no worker outlives us: %s', async (end) => {
  const script = `
    import { hostile } from '${root}/src/worker/fixtures/start.ts';
    import { startWorker } from '${root}/src/worker/index.ts';
    const worker = await startWorker(hostile());
    worker.call('hang', {}).catch(() => undefined);
    process.stdout.write(String(worker.pid), () => { ${end} });`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const run = promisify(execFile)(process.execPath, args, { cwd: root }).catch((error: { stdout: string }) => error);
  const pid = Number((await run).stdout);
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => isRunning(pid), { timeout: 5_000 }).toBe(false);
});
