/** One set-up at a time: a lock file with a process id and a heartbeat, so that a killed set-up blocks nobody. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './report.mjs';

const BEAT_MS = 2_000;
const SILENT_MS = 30_000;

/** Runs `work` while no other set-up works on this checkout; waits for the other one, or takes over from a dead one. */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    const holder = holderOf(file);
    if (holder === undefined) continue; // it has just been given back
    if (holder.dead) rmSync(file, { force: true });
    else if (!told) say(`another set-up (process ${holder.pid}) is at work; waiting for it`);
    told ||= !holder.dead;
    await sleep(holder.dead ? 50 : 500);
  }
  const release = () => rmSync(file, { force: true });
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), BEAT_MS);
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    process.off('exit', release);
    release();
  }
}

function take(file) {
  try {
    const handle = openSync(file, 'wx');
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const silent = Date.now() - statSync(file).mtimeMs;
    // An empty file is a lock in the moment of being made.
    return { pid, dead: silent > SILENT_MS || (pid > 0 && !isRunning(pid)) };
  } catch {
    return undefined;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
