/** The journal: sealed and withdrawn runs are signed, chained, and missed when they are gone. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { canonicalJson, hashOf, type Run, type StepBody, sha256 } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { linkHash } from './chain.ts';
import { fingerprintOf, type RunRecord, verifyRun } from './index.ts';
import { signingKey } from './signing.ts';
import { freshRecord, openRun, sealedRun } from './testing.ts';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

function twoRuns() {
  const { record, artifacts, file, dir } = freshRecord();
  const [first, second] = [sealedRun(record, artifacts), sealedRun(record, artifacts, 'partial', { seed: 1 })];
  const problems = (run: Run = first, key?: string) =>
    verifyRun(record, run.run, { artifacts, key }).problems.map(({ what }) => what);
  return { record, artifacts, file, dir, first, second, problems };
}

/** The same file without its guards. */
function unguarded(file: string): Database.Database {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  for (const name of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all())
    db.exec(`DROP TRIGGER ${name}`);
  return db;
}

describe('a withdrawn run', () => {
  test('stays as it is, counts no more, and says why in lists and grid', () => {
    const { record, first, second, problems } = twoRuns();
    const before = record.steps(first.run);
    expect(record.withdraw(first.run, 'the gate was wrong')).toEqual({ ...first, withdrawn: 'the gate was wrong' });
    expect(record.steps(first.run)).toEqual(before);
    expect(record.runs().map(({ withdrawn }) => withdrawn)).toEqual(['the gate was wrong', null]);
    expect(record.cells()).toMatchObject([
      { verdict: 'partial', runs: 1, withdrawn: [{ run: first.run, because: 'the gate was wrong' }] },
    ]);
    record.withdraw(second.run, 'so was this');
    expect(record.cells()).toMatchObject([{ verdict: null, runs: 0, agreeing: 0, verdicts: {}, latest: second.run }]);
    expect(problems()).toEqual([]);
  });

  test('is withdrawn once, and only when it counts', () => {
    const { record, first } = twoRuns();
    record.withdraw(first.run, 'a');
    expect(() => record.withdraw(first.run, 'b')).toThrow('it was withdrawn before: a');
    expect(() => record.withdraw(openRun(record).run, 'b')).toThrow('only sealed runs count');
  });
});

describe('a changed journal', () => {
  const flips = ['at', 'body', 'previous', 'key', 'hash', 'signature'];
  test.each(flips)('one bit flipped anywhere in %s', (column) => {
    const { record, file, first, problems } = twoRuns();
    record.withdraw(first.run, 'because');
    const db = unguarded(file);
    const rows = db.prepare(`SELECT seq, ${column} AS text FROM journal WHERE ${column} NOT NULL`).all();
    const update = db.prepare(`UPDATE journal SET ${column} = ? WHERE seq = ?`);
    for (const { seq, text } of rows as { seq: number; text: string }[])
      for (let index = 0; index < text.length; index += 1) {
        const bytes = Buffer.from(text);
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        try {
          update.run(bytes.toString(), seq);
        } catch {
          continue; // no longer JSON: SQLite takes no such row
        }
        expect(problems().length, `${column} of entry ${seq} at ${index}`).toBeGreaterThan(0);
        update.run(text, seq);
      }
    expect(problems()).toEqual([]);
  });

  test('an entry or a whole run taken out', () => {
    const { record, file, first, second, problems } = twoRuns();
    record.withdraw(second.run, 'because');
    const db = unguarded(file);
    db.exec(`DELETE FROM step WHERE run = '${second.run}'; DELETE FROM run WHERE run = '${second.run}'`);
    expect(problems(first).join()).toContain(`tells of run ${second.run}, which is gone`);
    db.exec(`DELETE FROM journal WHERE seq = 2`);
    expect(problems(first).join()).toContain('entry 3 of the journal: it does not follow from the one before');
    db.exec('DELETE FROM journal');
    expect(problems(first).join()).toContain('the journal does not know of it');
  });

  test('a version in a manifest, of which the tensor says nothing, as the worker writes them', () => {
    const { record, artifacts, problems } = twoRuns();
    const [, name = ''] = /"sha256":"(\w+)"/.exec(JSON.stringify(record.steps(record.runs()[0]?.run ?? ''))) ?? [];
    const file = join(artifacts, `${name}.json`);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"torch":"2.13"', '"torch":"2.12"'));
    expect(problems().join()).toContain('a manifest is not the one that was sealed');
  });
});

/** Rewrites the first verdict and everything after it, as somebody can who may write the file and has a key of their own. */
function rewrite(file: string, record: RunRecord, { run }: Run): void {
  const steps = record.steps(run);
  const db = unguarded(file);
  let previous: string | null = null;
  for (const step of steps) {
    const body = JSON.parse(JSON.stringify(step.body).replaceAll('reproduced', 'partial')) as StepBody;
    const content = hashOf({ act: step.act, body });
    const hash: string = linkHash({ ...step, body: canonicalJson(body), previous });
    db.prepare('UPDATE step SET body = ?, content = ?, hash = ? WHERE run = ? AND seq = ?').run(
      canonicalJson(body),
      content,
      hash,
      run,
      step.seq,
    );
    previous = hash;
  }
  db.prepare("UPDATE run SET head = ?, verdict = 'partial' WHERE run = ?").run(previous, run);
  process.env['RECIRCUIT_KEY_FILE'] = join(temporaryFolder(), 'other.pem');
  const forger = signingKey();
  let before: string | null = null;
  for (const row of record.journalRows()) {
    const told = JSON.parse(row.body) as { run: string };
    const body = told.run === run ? { ...told, head: previous, verdict: 'partial' } : told;
    const text: string = canonicalJson({ seq: row.seq, at: row.at, body, previous: before, key: forger.key });
    before = sha256(text);
    db.prepare('UPDATE journal SET body = ?, previous = ?, key = ?, hash = ?, signature = ? WHERE seq = ?').run(
      canonicalJson(body),
      (JSON.parse(text) as { previous: string | null }).previous,
      forger.key,
      before,
      forger.sign(text),
      row.seq,
    );
  }
  process.env = { ...environment };
}

test('a record rewritten whole and signed anew fits itself, and is found out by the fingerprint', () => {
  const { record, file, first, artifacts, problems } = twoRuns();
  const ours = fingerprintOf(signingKey().key);
  expect(problems(first, ours.slice(0, 16))).toEqual([]);
  rewrite(file, record, first);
  const found = verifyRun(record, first.run, { artifacts });
  expect(found).toMatchObject({ ok: true, signature: { whose: 'unknown' } });
  expect(found.unproven.join()).toContain('is that of whom you believe');
  expect(problems(first, ours)).toEqual([expect.stringContaining('and should be by')]);
});
