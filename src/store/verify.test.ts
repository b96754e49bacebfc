/** Mutation tests: every single change of a recorded run or of its artifacts is found. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hashOf, type Run } from '../contract/index.ts';
import { openRecord, verifyRun } from './index.ts';
import { called, freshRecord, noSuchRun, openRun, sealedRun } from './testing.ts';

/** A sealed run in a database whose guards have been taken away. */
function unguarded(): { db: Database.Database; run: Run; problems: () => string[] } {
  const { record, artifacts, file } = freshRecord();
  const run = sealedRun(record, artifacts);
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  for (const name of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all())
    db.exec(`DROP TRIGGER ${name}`);
  return { db, run, problems: () => verifyRun(record, run.run, { artifacts }).problems.map(({ what }) => what) };
}

/** The text with one bit of its byte at `index` flipped, still ASCII. */
function flipped(text: string, index: number): string {
  const bytes = Buffer.from(text);
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes.toString();
}

test('an untouched run is sound, sealed or running', () => {
  const { record, artifacts, file } = freshRecord();
  const { run } = sealedRun(record, artifacts);
  expect(verifyRun(record, run, { artifacts })).toMatchObject({
    ok: true,
    problems: [],
    steps: 7,
    artifacts: 1,
    signature: { whose: 'ours' },
  });
  expect(verifyRun(openRecord(file, { readOnly: true }), run, { artifacts }).ok).toBe(true);
  const other = openRun(record);
  expect(verifyRun(record, other.run, { artifacts })).toMatchObject({
    ok: true,
    problems: [],
    steps: 0,
    artifacts: 0,
    signature: null,
  });
  expect(() => verifyRun(record, noSuchRun(), { artifacts })).toThrow('no run of that id');
});

describe('a changed step', () => {
  test.each(['act', 'at', 'body', 'content', 'hash'])('one bit flipped anywhere in %s', (column) => {
    const { db, problems } = unguarded();
    const rows = db.prepare(`SELECT id, seq, ${column} AS text FROM step`).all() as {
      id: number;
      seq: number;
      text: string;
    }[];
    const update = db.prepare(`UPDATE step SET ${column} = ? WHERE id = ?`);
    let tried = 0;
    for (const { id, seq, text } of rows)
      for (let index = 0; index < text.length; index += column === 'body' ? 5 : 3) {
        try {
          update.run(flipped(text, index), id);
        } catch {
          continue; // no longer JSON: SQLite cannot compute `kind` and takes no such row; the raw-file test covers it
        }
        expect(
          problems().some((what) => what.startsWith(`step ${seq}:`)),
          `${column} of step ${seq} at ${index}`,
        ).toBe(true);
        update.run(text, id);
        tried += 1;
      }
    expect(tried).toBeGreaterThan(30);
    expect(problems()).toEqual([]);
  });

  test('the same JSON spelt otherwise', () => {
    const { db, problems } = unguarded();
    db.exec("UPDATE step SET body = replace(body, '0.25', '0.250') WHERE seq = 2");
    expect(problems().join()).toContain('step 2: its body is not spelt as it was recorded');
  });

  test('a step deleted, wherever it stood', () => {
    for (let seq = 1; seq <= 7; seq += 1) {
      const { db, problems } = unguarded();
      db.exec(`DELETE FROM step WHERE seq = ${seq}`);
      expect(problems().length, `step ${seq}`).toBeGreaterThan(0);
    }
  });

  test('a step deleted and the later ones renumbered', () => {
    const { db, problems } = unguarded();
    db.exec('DELETE FROM step WHERE seq = 3');
    for (let seq = 4; seq <= 7; seq += 1) db.exec(`UPDATE step SET seq = ${seq - 1} WHERE seq = ${seq}`);
    db.exec('UPDATE run SET steps = 6');
    expect(problems().join()).toContain('step 3: its hash does not follow');
  });

  test('a step inserted, at the end or between, with its own hashes right', () => {
    const { db, problems, run } = unguarded();
    const body = called('slipped in');
    const at = '2026-01-01T00:00:00.000Z';
    const content = hashOf({ act: 'x', body });
    const insert = db.prepare(
      "INSERT INTO step (run, seq, act, at, body, content, hash) VALUES (?, ?, 'x', ?, ?, ?, ?)",
    );
    const hash = hashOf({ run: run.run, seq: 8, act: 'x', at, body, previous: run.head });
    insert.run(run.run, 8, at, JSON.stringify(body), content, hash);
    expect(problems().join()).toContain('the run says it has 7 steps and 8 are there');
    db.exec('DELETE FROM step WHERE seq = 8');
    db.exec('UPDATE step SET seq = seq + 100 WHERE seq >= 3');
    db.exec('UPDATE step SET seq = seq - 99 WHERE seq > 100');
    insert.run(run.run, 3, at, JSON.stringify(body), content, hash);
    expect(problems().join()).toContain('step 4: its hash does not follow');
  });

  test('two steps swapped', () => {
    const { db, problems } = unguarded();
    db.exec(
      'UPDATE step SET seq = 100 WHERE seq = 2; UPDATE step SET seq = 2 WHERE seq = 4; UPDATE step SET seq = 4 WHERE seq = 100',
    );
    expect(problems().join()).toMatch(/step 2: its hash.*step 3: its hash.*step 4: its hash/);
  });

  test('the tail cut off, also where the run row is made to fit', () => {
    for (let keep = 6; keep >= 0; keep -= 1) {
      const { db, problems } = unguarded();
      db.exec(`DELETE FROM step WHERE seq > ${keep}`);
      expect(problems().length, `keep ${keep}`).toBeGreaterThan(0);
      db.exec(`UPDATE run SET steps = ${keep}, head = (SELECT hash FROM step WHERE seq = ${keep})`);
      expect(problems().join(), `keep ${keep}, row fitted`).toContain('sealed');
    }
  });
});

describe('a changed run row', () => {
  const changes: [string, string][] = [
    ["finding = 'induction-heads'", 'finding'],
    ["model = 'llama-2-7b'", 'model'],
    ["planner = 'anthropic'", 'planner'],
    ['seed = 1', 'seed'],
    ["protocol = replace(protocol, '1', '2')", 'the stored protocol'],
    ["protocol = protocol || ' '", 'the stored protocol'],
    [`protocol_sha256 = '${'1'.repeat(64)}'`, 'protocol'],
    ["verdict = 'partial'", 'sealed as reproduced and says partial'],
    ["state = 'faulted', verdict = NULL", 'yet its last step seals it'],
    ["ended_at = '2020'", 'did not end when'],
    ['steps = 8', 'says it has 8 steps'],
    ['head = NULL', 'head'],
  ];
  test.each(changes)('%s', (change, says) => {
    const { db, problems } = unguarded();
    db.exec(`UPDATE run SET ${change}`);
    expect(problems().join()).toContain(says);
  });
});

describe('a changed file', () => {
  test('one bit of the database file itself, inside a stored body', () => {
    const { record, artifacts, file } = freshRecord();
    const { run } = sealedRun(record, artifacts);
    record.close();
    for (const needle of ['the published procedure', '"kind":"verdict"', 'search/01-sweep/result']) {
      const bytes = readFileSync(file);
      const at = bytes.indexOf(needle);
      expect(at, needle).toBeGreaterThan(0);
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      const again = openRecord(file);
      expect(verifyRun(again, run, { artifacts }).ok, needle).toBe(false);
      again.close();
      writeFileSync(file, bytes);
    }
    expect(verifyRun(openRecord(file), run, { artifacts }).ok).toBe(true);
  });

  test('one bit anywhere in a tensor file or in its manifest', () => {
    const { record, artifacts } = freshRecord();
    const { run } = sealedRun(record, artifacts);
    const sha256 = record
      .steps(run)
      .flatMap(({ body }) => (body.kind === 'tool-result' ? body.artifacts : []))[0]?.sha256;
    for (const ending of ['safetensors', 'json']) {
      const file = join(artifacts, `${sha256}.${ending}`);
      const bytes = readFileSync(file);
      for (let index = 0; index < bytes.length; index += 1) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ 1;
        writeFileSync(file, changed);
        const { problems } = verifyRun(record, run, { artifacts });
        expect(problems[0]?.what, `${ending} at ${index}`).toMatch(/^step 3: artifact /);
      }
      writeFileSync(file, bytes);
      expect(verifyRun(record, run, { artifacts }).ok).toBe(true);
    }
    rmSync(join(artifacts, `${sha256}.json`));
    expect(verifyRun(record, run, { artifacts }).problems).toEqual([
      { step: 3, what: `step 3: artifact ${sha256?.slice(0, 12)} has no manifest` },
    ]);
    rmSync(join(artifacts, `${sha256}.safetensors`));
    expect(verifyRun(record, run, { artifacts }).problems[0]?.what).toContain('is missing');
  });
});
