/** The promises of the record: appended once, never changed, refused in sentences. */
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { Fault, hashOf, Refusal, type StepBody } from '../contract/index.ts';
import { openRecord, type RunRecord, ulid } from './index.ts';
import {
  called,
  freshRecord,
  judged,
  noSuchRun,
  opened,
  openRun,
  protocol,
  resulted,
  sealedRun,
  writeArtifact,
} from './testing.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal || error instanceof Fault) return `${error.failure.kind} ${error.failure.code}`;
    throw error;
  }
  return 'no throw';
};

describe('steps', () => {
  test('are numbered from 1, chained, and read back as they were given', () => {
    const { record } = freshRecord();
    const run = openRun(record);
    const first = record.append(run.run, 'open', opened(run));
    const second = record.append(run.run, 'search/01', called('ü “quoted” \u2028 0.1'));
    expect([first.seq, second.seq]).toEqual([1, 2]);
    expect(record.steps(run.run)).toEqual([first, second]);
    expect(record.step(run.run, 'search/01')?.body).toEqual(called('ü “quoted” \u2028 0.1'));
    expect(record.step(run.run, 'search/99')).toBeUndefined();
    expect(second.hash).toBe(
      hashOf({ run: run.run, seq: 2, act: second.act, at: second.at, body: second.body, previous: first.hash }),
    );
    expect(record.run(run.run)).toMatchObject({
      state: 'running',
      steps: 2,
      head: second.hash,
      verdict: null,
      protocol,
    });
  });

  test('the same act twice is one step; with other content it is a fault', () => {
    const { record, artifacts } = freshRecord();
    const run = openRun(record);
    const step = record.append(run.run, 'search/01', called('a'));
    expect(record.append(run.run, 'search/01', called('a'))).toEqual(step);
    expect(codeOf(() => record.append(run.run, 'search/01', called('b')))).toBe('fault act-conflict');
    expect(record.steps(run.run)).toHaveLength(1);
    const whole = sealedRun(record, artifacts);
    expect(record.append(whole.run, 'verdict', judged('reproduced')).act).toBe('verdict');
  });

  test('equal things in two runs have equal content and different hashes', () => {
    const { record } = freshRecord();
    const [a, b] = [openRun(record), openRun(record)].map(({ run }) => record.append(run, 'search/01', called('a')));
    expect(a?.content).toBe(b?.content);
    expect(a?.hash).not.toBe(b?.hash);
  });

  test('a body that does not fit the contract is refused, NaN too', () => {
    const { record } = freshRecord();
    const { run } = openRun(record);
    expect(codeOf(() => record.append(run, 'x', { kind: 'gossip' } as unknown as StepBody))).toBe('fault bad-step');
    expect(codeOf(() => record.append(run, 'x', { ...called('a'), input: { a: Number.NaN } } as StepBody))).toBe(
      'fault bad-step',
    );
    expect(codeOf(() => record.append(run, '', called('a')))).toBe('fault bad-step');
    expect(codeOf(() => record.append(noSuchRun(), 'x', called('a')))).toBe('refusal unknown-run');
    expect(record.steps(run)).toEqual([]);
  });

  test('tool results are linked to their artifacts once', () => {
    const { record, artifacts, file } = freshRecord();
    const run = openRun(record);
    const ref = writeArtifact(artifacts, [1, 2]);
    record.append(run.run, 'search/01/result', resulted('search/01', [ref]));
    const raw = new Database(file, { readonly: true });
    expect(raw.prepare('SELECT * FROM artifact').all()).toEqual([{ run: run.run, seq: 1, sha256: ref.sha256 }]);
  });

  test('a thousand appends take a few seconds at most', () => {
    const { record } = freshRecord();
    const { run } = openRun(record);
    const start = performance.now();
    for (let index = 0; index < 1000; index += 1) record.append(run, `search/${index}`, called(`step ${index}`));
    expect(performance.now() - start).toBeLessThan(20_000); // 1.5 s here; the rest is for slow disks
    expect(record.run(run)?.steps).toBe(1000);
  });
});

describe('runs', () => {
  test('are found by the beginning of their id', () => {
    const { record } = freshRecord();
    const { run } = openRun(record, { run: '01AAAA' });
    openRun(record, { run: '01AABB' });
    expect(record.findRun('01aaa').run).toBe(run);
    expect(codeOf(() => record.findRun('01AA'))).toBe('refusal ambiguous-run');
    expect(codeOf(() => record.findRun('02'))).toBe('refusal unknown-run');
    expect(codeOf(() => record.findRun(''))).toBe('refusal unknown-run');
    expect(codeOf(() => record.findRun('%'))).toBe('refusal unknown-run');
    expect(codeOf(() => openRun(record, { run: '01AAAA' }))).toBe('refusal run-exists');
  });

  test('are listed by finding, model and state', () => {
    const { record, artifacts } = freshRecord();
    const a = openRun(record, { model: 'icl-llama' });
    const b = sealedRun(record, artifacts);
    const ids = (filter = {}): string[] => record.runs(filter).map(({ run }) => run);
    expect(ids()).toEqual([a.run, b.run]);
    expect(ids({ model: 'icl-llama' })).toEqual([a.run]);
    expect(ids({ state: 'sealed' })).toEqual([b.run]);
    expect(ids({ finding: 'induction-heads' })).toEqual([]);
  });

  test('are sealed only by their own verdict, once, and then take nothing', () => {
    const { record } = freshRecord();
    const run = openRun(record);
    expect(codeOf(() => record.seal(run.run, 'partial'))).toBe('fault not-ready-to-seal');
    record.append(run.run, 'verdict', judged('reproduced'));
    expect(codeOf(() => record.seal(run.run, 'partial'))).toBe('fault not-ready-to-seal');
    const sealed = record.seal(run.run, 'reproduced');
    expect(sealed).toMatchObject({ state: 'sealed', verdict: 'reproduced', steps: 2 });
    expect(record.steps(run.run).at(-1)?.body).toEqual({ kind: 'sealed', steps: 2, verdict: 'reproduced' });
    expect(record.seal(run.run, 'reproduced')).toEqual(sealed);
    for (const again of [
      () => record.seal(run.run, 'partial'),
      () => record.append(run.run, 'more', called('a')),
      () => record.end(run.run, 'faulted', 'late'),
      () => record.reopen(run.run),
    ])
      expect(codeOf(again)).toBe('refusal run-sealed');
  });

  test('end without a verdict and can be taken up again', () => {
    const { record } = freshRecord();
    const { run } = openRun(record);
    record.append(run, 'search/01', called('a'));
    expect(record.end(run, 'faulted', 'the worker died')).toMatchObject({
      state: 'faulted',
      note: 'the worker died',
      verdict: null,
    });
    expect(codeOf(() => record.append(run, 'search/02', called('b')))).toBe('refusal run-ended');
    expect(record.reopen(run)).toMatchObject({ state: 'running', note: '', ended_at: null, steps: 1 });
    expect(record.append(run, 'search/02', called('b')).seq).toBe(2);
  });

  test('name the hash of the protocol they store', () => {
    const { record } = freshRecord();
    const start = { finding: 'f', model: 'm', planner: 'p', seed: 0, protocol, protocol_sha256: hashOf({}) };
    expect(codeOf(() => record.createRun(start))).toBe('fault protocol-hash');
  });

  test('have ULIDs', () => {
    expect(ulid(0)).toMatch(/^0{10}[0-9A-HJKMNP-TV-Z]{16}$/);
    expect(ulid(2) > ulid(1)).toBe(true);
    expect(new Set(Array.from({ length: 1000 }, () => ulid())).size).toBe(1000);
  });
});

describe('SQL cannot change what is recorded', () => {
  const statements = [
    "UPDATE step SET body = '{}'",
    'DELETE FROM step',
    "INSERT INTO step (run, seq, act, at, body, content, hash) SELECT run, 99, 'x', at, body, content, hash FROM step LIMIT 1",
    "INSERT INTO step (run, seq, act, at, body, content, hash) SELECT run, 8, 'x', at, body, content, hash FROM step LIMIT 1",
    'INSERT OR REPLACE INTO step (id, run, seq, act, at, body, content, hash) SELECT id, run, seq, act, at, body, content, hash FROM step LIMIT 1',
    "UPDATE run SET verdict = 'partial'",
    "UPDATE run SET note = 'x'",
    "UPDATE run SET state = 'running', verdict = NULL",
    'DELETE FROM run',
    'INSERT OR REPLACE INTO run SELECT * FROM run',
    'DELETE FROM artifact',
    "UPDATE artifact SET sha256 = 'x'",
  ];
  test.each(statements)('%s', (sql) => {
    const { record, artifacts, file } = freshRecord();
    const run = sealedRun(record, artifacts);
    const raw = new Database(file);
    raw.pragma('foreign_keys = OFF');
    expect(() => raw.exec(sql)).toThrow();
    expect(record.run(run.run)).toEqual(run);
    expect(record.steps(run.run)).toHaveLength(7);
  });

  test('a running run keeps what it was opened with and never shrinks', () => {
    const { record, file } = freshRecord();
    const { run } = openRun(record);
    record.append(run, 'a', called('a'));
    const raw = new Database(file);
    for (const sql of ['UPDATE run SET seed = 1', 'UPDATE run SET steps = 0', "UPDATE run SET verdict = 'reproduced'"])
      expect(() => raw.exec(sql)).toThrow();
  });
});

describe('a full disk and a lock', () => {
  test('a full database is a fault, the record stays whole and goes on when there is room', () => {
    const { record } = freshRecord();
    const { run } = openRun(record);
    const db = (record as unknown as { db: Database.Database }).db;
    const pages = db.pragma('page_count', { simple: true }) as number;
    db.pragma(`max_page_count = ${pages + 2}`);
    let kept = 0;
    const fill = (): void => {
      for (; kept < 100; kept += 1) record.append(run, `act-${kept}`, called('long '.repeat(500)));
    };
    expect(codeOf(fill)).toBe('fault disk-full');
    expect(record.steps(run)).toHaveLength(kept);
    db.pragma('max_page_count = 1000000');
    fill();
    expect(record.run(run)?.steps).toBe(100);
  });

  test('a lock held longer than the timeout is a fault; readers are not kept out', { timeout: 30_000 }, () => {
    const { record, file } = freshRecord();
    const { run } = openRun(record);
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(codeOf(() => record.append(run, 'a', called('a')))).toBe('fault database-locked');
    const reader: RunRecord = openRecord(file, { readOnly: true });
    expect(reader.runs()).toHaveLength(1);
    other.exec('ROLLBACK');
    expect(record.append(run, 'a', called('a')).seq).toBe(1);
    expect(codeOf(() => reader.append(run, 'b', called('b')))).toBe('refusal read-only');
  });
});
