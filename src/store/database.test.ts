/** Opening: what is created, migrated and refused. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { openRecord, verifyRun } from './index.ts';
import { migrations } from './migrations.ts';
import { freshRecord, openRun } from './testing.ts';

describe('opening', () => {
  test('creates folders, WAL, every migration by name, and keeps what was there', () => {
    const file = join(temporaryFolder(), 'a', 'b', 'runs.db');
    const record = openRecord(file);
    const { run } = openRun(record);
    const raw = new Database(file);
    expect(raw.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(raw.prepare('SELECT name FROM migration ORDER BY number').pluck().all()).toEqual(
      migrations.map(({ name }) => name),
    );
    record.close();
    expect(openRecord(file).runs()[0]?.run).toBe(run);
  });

  test('a newer schema and an unknown migration are refused, and nothing is written', () => {
    const { record, file } = freshRecord();
    record.close();
    const raw = new Database(file);
    raw.pragma(`user_version = ${migrations.length + 1}`);
    expect(() => openRecord(file)).toThrow(/schema is version 8 and this program knows 7.*update recircuit/);
    raw.pragma(`user_version = ${migrations.length}`);
    raw.exec("UPDATE migration SET name = 'm007_from_the_future' WHERE number = 7");
    expect(() => openRecord(file, { readOnly: true })).toThrow('m007_from_the_future');
  });

  test('a record of version 2 is refused by a reader and migrated by a writer, its sealed runs told of as unsigned', () => {
    const file = join(temporaryFolder(), 'runs.db');
    copyFileSync(join(root, 'src/store/fixtures/version-2.db'), file);
    expect(() => openRecord(file, { readOnly: true })).toThrow('open it once for writing');
    const runs = openRecord(file).runs();
    expect(runs.map(({ state }) => state)).toEqual(['sealed', 'sealed', 'running']);
    const record = openRecord(file, { readOnly: true });
    expect(record.cells()).toMatchObject([{ runs: 2, withdrawn: [] }]);
    const found = verifyRun(record, runs[0]?.run ?? '', { artifacts: null });
    expect(found).toMatchObject({ ok: true, steps: 7, signature: null });
    expect(found.unproven.join()).toContain('before there were signatures');
    expect(verifyRun(record, runs[0]?.run ?? '', { artifacts: null, key: 'ab' }).problems[0]?.what).toContain(
      'not signed',
    );
  });

  test('what is no record is refused in one sentence', () => {
    const text = join(temporaryFolder(), 'runs.db');
    writeFileSync(text, 'not a database, but long enough to be looked at as if it were one'.repeat(100));
    expect(() => openRecord(text)).toThrow('is not an SQLite database');
    const foreign = join(temporaryFolder(), 'runs.db');
    new Database(foreign).exec('CREATE TABLE bookmark (url TEXT)');
    expect(() => openRecord(foreign)).toThrow('database of another program');
    expect(() => openRecord(join(temporaryFolder(), 'none.db'), { readOnly: true })).toThrow('there is no such file');
    expect(() => openRecord(temporaryFolder())).toThrow('cannot be opened');
  });

  test('eight processes may create it at once', async () => {
    const file = join(temporaryFolder(), 'runs.db');
    const script = `import { openRecord } from './src/store/index.ts'; openRecord(process.argv.at(-1)).close();`;
    const open = (): Promise<unknown> =>
      execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, file], { cwd: root });
    await Promise.all(Array.from({ length: 8 }, open));
    expect(openRecord(file).runs()).toEqual([]);
  });
});
