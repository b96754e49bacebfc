/** One live process works on a run; a dead one keeps nobody out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { isAlive, liveHolder } from './lease.ts';
import { freshRecord, noSuchRun, openRun } from './testing.ts';

test('a live holder keeps others out, and may take its own run again', async () => {
  const { record } = freshRecord();
  const { run } = openRun(record);
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  record.acquire(run, { pid });
  record.acquire(run, { pid });
  expect(() => record.acquire(run, { pid: process.pid })).toThrow(`process ${pid} is working on it`);
  record.release(run); // ours is not the lease: nothing happens
  expect(() => record.acquire(run)).toThrow('is working on it');
  child.kill('SIGKILL');
  await once(child, 'exit');
  record.acquire(run);
  record.release(run);
  expect(() => record.acquire(noSuchRun())).toThrow('no run of that id');
});

test.runIf(process.platform === 'linux')('a reused process id is not the holder', () => {
  const { record, file } = freshRecord();
  const { run } = openRun(record);
  record.acquire(run, { pid: process.ppid });
  expect(() => record.acquire(run)).toThrow('is working on it');
  new Database(file).exec("UPDATE lease SET started = 'another-boot:1'");
  record.acquire(run);
});

test('liveness', () => {
  const holder = liveHolder(process.pid);
  expect(holder?.pid).toBe(process.pid);
  expect(holder !== undefined && isAlive(holder)).toBe(true);
  expect(liveHolder(2 ** 22 + 1)).toBeUndefined();
});
