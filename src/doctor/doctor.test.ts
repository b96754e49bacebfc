import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';
import { checks, examine, healthy, type Row } from './index.ts';

const only = (...names: string[]) => checks.filter(({ what }) => names.includes(what));

async function row(what: string, place: Parameters<typeof examine>[0] = {}): Promise<Row> {
  const [found] = await examine(place, only(what));
  if (!found) throw new Error(`no check is called ${what}`);
  return found;
}

test('every row says what, why, how to mend it and what it blocks; what it needs comes before it', () => {
  const seen = new Set<string>();
  for (const { what, why, fix, blocks, needs } of checks) {
    expect([what, why, fix, blocks].every((text) => text.length > 2)).toBe(true);
    expect(seen.has(what)).toBe(false);
    if (needs !== undefined) expect(seen).toContain(needs);
    seen.add(what);
  }
});

test('this checkout is well', async () => {
  const rows = await examine({}, only('node', 'sqlite', 'python', 'torch', 'device', 'worker'));
  expect(rows.filter(({ status }) => status === 'problem' || status === 'unknown')).toEqual([]);
  expect(healthy(rows)).toBe(true);
  expect(rows.find(({ what }) => what === 'torch')?.found).toMatch(/^torch \d/);
});

test('without a Python, what needs it is unknown and not a problem of its own', async () => {
  const rows = await examine({ python: '/nowhere/python' }, only('python', 'torch', 'device', 'worker'));
  expect(rows.map(({ status }) => status)).toEqual(['problem', 'unknown', 'unknown', 'unknown']);
  expect(rows[0]?.found).toContain('ENOENT');
  expect(healthy(rows)).toBe(false);
});

test('a Python without torch is named with its own words', async () => {
  const [, torch] = await examine({ python: process.env['RECIRCUIT_PYTHON'] ?? 'python3' }, only('python', 'torch'));
  if (torch?.status === 'ok') return; // this machine's own Python has torch
  expect(torch?.found).toMatch(/ModuleNotFoundError: No module named/);
});

test('a record: none yet, a good one, and a file that is none', async () => {
  const file = join(temporaryFolder(), 'runs.db');
  expect(await row('record', { record: file })).toMatchObject({ status: 'information' });
  openRecord(file).close();
  expect(await row('record', { record: file })).toMatchObject({ status: 'ok', found: '0 runs, newest migration' });
  writeFileSync(file, 'this is no database, but long enough to be taken for one'.repeat(100));
  expect(await row('record', { record: file })).toMatchObject({ status: 'problem' });
});

test('an artifacts folder that is not there yet is looked at where it would be made', async () => {
  const folder = temporaryFolder();
  expect(await row('artifacts', { artifacts: join(folder, 'a', 'b') })).toMatchObject({ status: 'ok' });
  mkdirSync(join(folder, 'file-parent'));
  writeFileSync(join(folder, 'file-parent', 'file'), '');
  expect(await row('artifacts', { artifacts: join(folder, 'file-parent', 'file') })).toMatchObject({
    status: 'problem',
  });
});

test('the interpreter is the one that set-up names', () => {
  expect(workerPython({ RECIRCUIT_WORKER_PYTHON: '/a/python' })).toBe('/a/python');
  expect(workerPython({})).toMatch(/\.venv/);
});
