/** Packs: a long run is stored small, reads as it was recorded, and a change inside a pack is found. */
import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { StepBody } from '../contract/index.ts';
import { openRecord, verifyRun } from './index.ts';
import type { RunRecord } from './record.ts';
import { called, freshRecord, judged, opened, openRun, sealedRun } from './testing.ts';

/** Text that repeats nothing within a block, so that its size is known. */
const long = (n: number): StepBody =>
  called(Array.from({ length: 900 }, (_, i) => `${(n * 7919 + i * 104_729) % 999_983}`).join(' '));
const STEPS = 260;

function longRun(record: RunRecord, artifacts: string) {
  const run = openRun(record);
  record.append(run.run, 'open', opened(run));
  for (let n = 1; n <= STEPS; n += 1) record.append(run.run, `search/${n}`, long(n));
  record.append(run.run, 'verdict', judged('partial'));
  return { run: record.seal(run.run, 'partial'), artifacts };
}

test('a long run is packed, and reads and verifies as it was recorded', () => {
  const { record, file, artifacts } = freshRecord();
  const { run } = longRun(record, artifacts);
  const raw = new Database(file, { readonly: true });
  expect(raw.prepare('SELECT count(*) FROM pack').pluck().get()).toBeGreaterThan(2);
  expect(raw.prepare('SELECT count(*) FROM step').pluck().get()).toBe(0);
  const steps = record.steps(run.run);
  expect(steps.map(({ seq }) => seq)).toEqual(Array.from({ length: STEPS + 3 }, (_, i) => i + 1));
  expect(steps[7]?.body).toEqual(long(7));
  expect(steps.at(-1)?.hash).toBe(run.head);
  expect(verifyRun(record, run.run, { artifacts })).toMatchObject({ ok: true, steps: STEPS + 3 });
  expect(record.page(run.run, 100, 3)).toEqual(steps.slice(99, 102));
  expect(record.page(run.run, STEPS + 3, 9)).toEqual(steps.slice(-1));
  expect(record.step(run.run, 'search/9')).toEqual(steps[9]);
  expect(record.step(run.run, 'search/none')).toBeUndefined();
  record.close();
  const bytes = JSON.stringify(steps).length;
  expect(statSync(file).size).toBeLessThan(0.6 * bytes);
});

test('while it runs, an act that was packed is not recorded again, also by another process', () => {
  const { record, file } = freshRecord();
  const { run } = openRun(record);
  record.append(run, 'open', opened(record.findRun(run)));
  for (let n = 1; n <= STEPS; n += 1) record.append(run, `search/${n}`, long(n));
  const before = record.findRun(run).steps;
  expect(record.append(run, 'search/3', long(3)).seq).toBe(4);
  const again = openRecord(file);
  expect(again.append(run, 'search/3', long(3)).seq).toBe(4);
  expect(() => again.append(run, 'search/3', long(4))).toThrow('recorded before with other content');
  expect(again.findRun(run).steps).toBe(before);
  expect(again.append(run, 'search/more', long(1)).seq).toBe(before + 1);
});

test('a short run is not packed: the sqlite3 shell reads it as it is', () => {
  const { record, file, artifacts } = freshRecord();
  sealedRun(record, artifacts);
  const raw = new Database(file, { readonly: true });
  expect(raw.prepare('SELECT count(*) FROM pack').pluck().get()).toBe(0);
});

test('a pack cannot be changed, removed or put where no steps are', () => {
  const { record, file, artifacts } = freshRecord();
  const { run } = longRun(record, artifacts);
  const raw = new Database(file);
  expect(() => raw.exec('UPDATE pack SET previous = NULL')).toThrow('never changed');
  expect(() => raw.exec('DELETE FROM pack')).toThrow('never deleted');
  const put = raw.prepare(
    'INSERT INTO pack (run, first, last, steps, sha256) SELECT ?, max(last) + 1, max(last) + 1, ?, sha256 FROM pack',
  );
  expect(() => put.run(run.run, Buffer.from('x'))).toThrow('takes the place of steps');
  const { record: other, file: short, artifacts: folder } = freshRecord();
  sealedRun(other, folder);
  expect(() => new Database(short).exec('DELETE FROM step')).toThrow('never deleted');
});

test('every pack flipped, dropped, swapped or cut is found', () => {
  const { record, file, artifacts } = freshRecord();
  const { run } = longRun(record, artifacts);
  const raw = new Database(file);
  for (const { name } of raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all() as {
    name: string;
  }[])
    raw.exec(`DROP TRIGGER ${name}`);
  const packs = raw.prepare('SELECT * FROM pack ORDER BY id').all() as {
    id: number;
    steps: Buffer;
  }[];
  const put = raw.prepare('UPDATE pack SET steps = ? WHERE id = ?');
  const wrong = (): boolean => {
    const reader = openRecord(file, { readOnly: true });
    const { ok } = verifyRun(reader, run.run, { artifacts });
    reader.close();
    return !ok;
  };
  for (const [index, { id, steps }] of packs.entries()) {
    for (const at of [0, 1, 7, steps.length >> 1, steps.length - 1]) {
      const bytes = Buffer.from(steps);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      put.run(bytes, id);
      expect(wrong(), `pack ${id}, byte ${at}`).toBe(true);
    }
    put.run(packs[(index + 1) % packs.length]?.steps, id);
    expect(wrong(), `pack ${id} swapped`).toBe(true);
    put.run(steps, id);
    raw.exec(`DELETE FROM pack WHERE id = ${id}`);
    expect(wrong(), `pack ${id} dropped`).toBe(true);
    raw
      .prepare('INSERT INTO pack VALUES (:id, :run, :first, :last, :previous, :steps, :sha256)')
      .run(packs[index] as unknown as Record<string, unknown>);
    expect(wrong(), `pack ${id} put back`).toBe(false);
  }
});
