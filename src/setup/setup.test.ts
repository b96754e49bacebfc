/** Set-up's parts, against real processes and files; the whole is tried on fresh clones. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { wantedPython } from './versions.mjs';

/** Runs JavaScript that may import the .mjs files beside this one; returns what it printed and how it ended. */
function run(
  script: string,
  env: Record<string, string> = {},
  onErr: (text: string) => void = () => undefined,
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: join(root, 'src', 'setup'),
      env: { ...process.env, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
      onErr(err);
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const json = (text: string): unknown => JSON.parse(text);

test('the Node range of package.json is understood, and nothing outside it passes', async () => {
  const versions = ['18.20.8', '20.18.3', '20.19.0', '20.20.2', '21.7.3', '22.13.1', '22.14.0', '24.1.0'];
  const { out } = await run(`
    import { satisfies, wantedNode } from './versions.mjs';
    console.log(JSON.stringify(${JSON.stringify(versions)}.filter((v) => satisfies(v, wantedNode()))));`);
  expect(json(out)).toEqual(['20.19.0', '20.20.2', '22.14.0', '24.1.0']);
});

test('README asks for the Python that the worker asks for', () => {
  const [, oldest] = /^>=([\d.]+)$/.exec(wantedPython()) ?? [];
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`Python ${oldest} or newer`);
});

test('a stamp changes with its files and words, and a missing file is not an empty word', async () => {
  const file = join(temporaryFolder(), 'a');
  writeFileSync(file, 'one');
  const { out } = await run(`
    import { writeFileSync } from 'node:fs';
    import { keyOf } from './stamp.mjs';
    const file = ${JSON.stringify(file)};
    const keys = [keyOf([file], ['x']), keyOf([file], ['y']), keyOf([file])];
    writeFileSync(file, 'two');
    console.log(JSON.stringify([...keys, keyOf([file], ['x'])]));`);
  expect(new Set(json(out) as string[]).size).toBe(4);
});

/** Takes the lock, says so in a file, and gives it back once a file `go` lies beside it. */
const locked = (file: string, name: string): string => `
  import { appendFileSync, existsSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { withLock } from './lock.mjs';
  await withLock(${JSON.stringify(file)}, async () => {
    appendFileSync(${JSON.stringify(`${file}.log`)}, '${name} in\\n');
    while (!existsSync(${JSON.stringify(`${file}.go`)})) await sleep(20);
    appendFileSync(${JSON.stringify(`${file}.log`)}, '${name} out\\n');
  });`;

test('of two set-ups at once the second says that it waits, and works after the first', async () => {
  const file = join(temporaryFolder(), 'lock');
  const log = (): string => (existsSync(`${file}.log`) ? readFileSync(`${file}.log`, 'utf8') : '');
  const first = run(locked(file, 'a'));
  await expect.poll(log, { timeout: 30_000 }).toBe('a in\n');
  const second = run(locked(file, 'b'), {}, (err) => {
    if (err.includes('waiting for it')) writeFileSync(`${file}.go`, '');
  });
  expect([(await first).code, (await second).code]).toEqual([0, 0]);
  expect(log()).toBe('a in\na out\nb in\nb out\n');
  expect(existsSync(file)).toBe(false);
});

test.each([
  ['a process that is gone', '999999999', 0],
  ['a process that has been silent, whatever bears its number now', String(process.pid), 60],
])('the lock of %s is taken over', async (_, pid, age) => {
  const file = join(temporaryFolder(), 'lock');
  writeFileSync(file, pid);
  writeFileSync(`${file}.go`, '');
  const then = new Date(Date.now() - age * 1_000);
  utimesSync(file, then, then);
  expect(await run(locked(file, 'a'))).toMatchObject({ code: 0 });
});

test('a tool that fails shows its last lines and one sentence', async () => {
  const { out, err } = await run(`
    import { runQuietly } from './run.mjs';
    const args = ['-e', 'console.log("line 1"); console.error("no space left"); process.exit(7)'];
    await runQuietly('Packages', process.execPath, args, { cwd: '.', env: process.env, advice: 'make room' })
      .catch((error) => console.log(error.message));`);
  expect(out).toBe('Packages failed (exit code 7): make room.\n');
  expect(err).toContain('  no space left\n');
});

test.each([
  ['that is not there', '/nowhere/python', /no \/nowhere\/python was found/],
  ['that is no Python', process.execPath, /was found: install one, or name it in RECIRCUIT_PYTHON/],
])('an interpreter %s is one sentence', async (_, python, sentence) => {
  const { code, out } = await run(
    `import { findPython } from './environment.mjs';
     await findPython().catch((error) => console.log(error.message));`,
    { RECIRCUIT_PYTHON: python },
  );
  expect(code).toBe(0);
  expect(out).toMatch(sentence);
  expect(out.trim().split('\n')).toHaveLength(1);
});

test('a verb that does not exist is refused', async () => {
  const { code, err } = await run(`import { runVerb } from './verbs.mjs'; await runVerb('strat', []);`);
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('no verb `strat`') });
});
