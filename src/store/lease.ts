/**
 * Which process works on a run. A holder is a process id and the time at which that process started, since ids are reused;
 * where the start time cannot be read (outside Linux) the id alone decides, and a reused id keeps a run in use until released.
 */
import { readFileSync } from 'node:fs';

export interface Holder {
  readonly pid: number;
  /** Boot and clock tick at which the process started; null where the system does not tell. */
  readonly started: string | null;
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
