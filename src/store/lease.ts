/**
 * Which process works on a run. A holder is a process id and the time at which that process started, since ids are reused;
 * where the start time cannot be read (outside Linux) the id alone decides, and a reused id keeps a run in use until released.
 */
import { readFileSync } from 'node:fs';
import type { Prepare } from './insert.ts';
import { runInUse } from './refusals.ts';

export interface Holder {
  readonly pid: number;
  /** Boot and clock tick at which the process started; null where the system does not tell. */
  readonly started: string | null;
}

/** Inside a transaction: takes a run for a process. A dead holder's lease passes on at once. @throws Refusal run-in-use */
export function takeLease(prepare: Prepare, run: string, pid: number, at: string): void {
  const holder = prepare('SELECT pid, started FROM lease WHERE run = ?').get(run) as Holder | undefined;
  if (holder !== undefined && holder.pid !== pid && isAlive(holder)) throw runInUse(run, holder.pid);
  const started = liveHolder(pid)?.started ?? null;
  prepare('INSERT OR REPLACE INTO lease (run, pid, started, acquired_at) VALUES (?, ?, ?, ?)').run(
    run,
    pid,
    started,
    at,
  );
}

export function giveBack(prepare: Prepare, run: string, pid: number): void {
  prepare('DELETE FROM lease WHERE run = ? AND pid = ?').run(run, pid);
}

/** Returns the holder of that id as it is now, or undefined when no live process has it. A zombie is dead: it writes nothing more. */
export function liveHolder(pid: number): Holder | undefined {
  if (process.platform !== 'linux') return isSignalable(pid) ? { pid, started: null } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets and may itself hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return { pid, started: `${boot}:${fields[19]}` };
  } catch {
    return undefined; // no such process
  }
}

/** True while the process that took the lease still lives. */
export function isAlive(holder: Holder): boolean {
  const now = liveHolder(holder.pid);
  return now !== undefined && (holder.started === null || now.started === null || now.started === holder.started);
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, and another user's
  }
}
