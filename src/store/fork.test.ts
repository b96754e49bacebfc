/** Forks share the steps of another run, say so, and count in no cell. */
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { verifyRun } from './index.ts';
import { freshRecord, judged, sealedRun } from './testing.ts';

test('a fork has the steps of its origin under its own name, and names where they come from', () => {
  const { record, artifacts } = freshRecord();
  const origin = sealedRun(record, artifacts);
  const fork = record.fork(origin.run, 3, { planner: 'other' });
  expect(fork).toMatchObject({ origin: origin.run, planner: 'other', state: 'running', steps: 3, seed: origin.seed });
  const [first, ...rest] = record.steps(fork.run);
  const [, ...shared] = record.steps(origin.run);
  expect(first?.body).toMatchObject({ planner: 'other', forked: { run: origin.run, seq: 3, hash: shared[1]?.hash } });
  expect(rest.map(({ content }) => content)).toEqual(shared.slice(0, 2).map(({ content }) => content));
  record.append(fork.run, 'verdict', judged('partial'));
  record.seal(fork.run, 'partial', artifacts);
  expect(verifyRun(record, fork.run, { artifacts })).toMatchObject({ ok: true, problems: [] });
  expect(record.cells()).toMatchObject([{ verdict: 'reproduced', runs: 1 }]);
});

test('another planner brings its own settings, and leaves none behind', () => {
  const { record, artifacts } = freshRecord();
  const origin = sealedRun(record, artifacts);
  const planner_settings = { prompts_sha256: 'p' };
  const asked = record.fork(origin.run, 2, { planner: 'asks', planner_settings });
  expect(record.steps(asked.run)[0]?.body).toMatchObject({ planner: 'asks', planner_settings });
  const same = record.fork(asked.run, 2);
  expect(record.steps(same.run)[0]?.body).toMatchObject({ planner: 'asks', planner_settings });
  const other = record.fork(asked.run, 2, { planner: 'scripted' });
  expect(record.steps(other.run)[0]?.body).not.toHaveProperty('planner_settings');
});

test('a fork is refused where there is no such step, or nothing goes on', () => {
  const { record, artifacts } = freshRecord();
  const { run } = sealedRun(record, artifacts);
  expect(() => record.fork(run, 8)).toThrow('it has 7 steps');
  expect(() => record.fork(run, 0)).toThrow('it has 7 steps');
  expect(() => record.fork(run, 7)).toThrow('nothing goes on after the seal');
  expect(record.runs()).toHaveLength(1);
});

test('a fork that hides its origin, or shares other steps than it says, is found', () => {
  const { record, artifacts, file } = freshRecord();
  const origin = sealedRun(record, artifacts);
  const fork = record.fork(origin.run, 3);
  const problems = () => verifyRun(record, fork.run, { artifacts }).problems.map(({ what }) => what);
  expect(problems()).toEqual([]);
  const db = new Database(file);
  for (const name of ['run_origin_never_changes', 'step_never_changes']) db.exec(`DROP TRIGGER ${name}`);
  db.exec(`UPDATE run SET origin = NULL WHERE run = '${fork.run}'`);
  expect(problems()).toEqual(["the run's origin is not the one from which its first step forks it"]);
  db.exec(`UPDATE run SET origin = '${origin.run}' WHERE run = '${fork.run}'`);
  db.exec(`UPDATE step SET content = '${'0'.repeat(64)}' WHERE run = '${origin.run}' AND seq = 2`);
  expect(problems().join()).toContain('its step 2 is not that of run');
  db.exec(`UPDATE step SET hash = '${'0'.repeat(64)}' WHERE run = '${origin.run}' AND seq = 3`);
  expect(problems().join()).toContain('is another now');
});
