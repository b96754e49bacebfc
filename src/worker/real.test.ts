/** The transport against our own worker: the two sides were written apart and must keep one wire. */
import { readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tools } from '../../tools/index.ts';
import { failureOf, isRunning } from './fixtures/start.ts';
import { startWorker, workerPython } from './index.ts';

test('our worker shakes hands, offers every tool that runs in a worker, refuses in words and ends', async () => {
  const worker = await startWorker({ python: workerPython() });
  const wanted = tools.filter(({ runs }) => runs === 'worker').map(({ name }) => name);
  expect([...worker.hello.tools].sort()).toEqual(wanted.sort());

  for (const [method, params] of [
    ['no_such_method', {}],
    ['describe_model', {}],
    ['open', { model: 'incomplete' }],
  ] as const) {
    const failure = await failureOf(worker.call(method, params));
    expect(failure).toMatchObject({
      kind: expect.stringMatching(/refusal|fault/),
      code: expect.stringMatching(/^[a-z-]+$/),
    });
    expect(failure.sentence).toMatch(/Instead: .+\.$/s);
  }

  await worker.stop();
  expect(isRunning(worker.pid)).toBe(false);
});

test('our worker ends by itself when its input is closed', async () => {
  const worker = await startWorker({ python: workerPython() });
  const begun = performance.now();
  await worker.stop();
  // under the grace period: no signal was needed
  expect(performance.now() - begun).toBeLessThan(1_900);
});

test.runIf(process.platform === 'linux')('our worker is forked by the nursery that the tests share', async () => {
  const said: string[] = [];
  const say = (_: object, text: string): void => void said.push(text);
  const worker = await startWorker({ python: workerPython(), log: { debug: say, info: say, warn: say, error: say } });
  // a launcher has given its pipes away
  expect({ input: readlinkSync(`/proc/${worker.pid}/fd/0`), said }).toEqual({ input: '/dev/null', said: [] });
  await worker.stop();
});
