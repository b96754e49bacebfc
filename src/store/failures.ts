/** What SQLite says, as one sentence for the person at the keyboard. Every statement of the store passes through `guarded`. */
import { Fault, Refusal } from '../contract/index.ts';

type Sentence = { code: string; why: string; instead: string };

/** By prefix of SQLite's error code, longest first. `refusal`: the caller named the wrong file; `fault`: the machinery failed. */
const TABLE: ReadonlyArray<{ prefix: string; kind: 'refusal' | 'fault' } & Sentence> = [
  {
    prefix: 'SQLITE_BUSY',
    kind: 'fault',
    code: 'database-locked',
    why: 'another process held the write lock for longer than five seconds',
    instead:
      'wait until the other recircuit process or sqlite3 shell has ended, then run `recircuit run --resume <run>`',
  },
  {
    prefix: 'SQLITE_LOCKED',
    kind: 'fault',
    code: 'database-locked',
    why: 'another connection holds a table',
    instead: 'wait until it has ended, then run `recircuit run --resume <run>`',
  },
  {
    prefix: 'SQLITE_FULL',
    kind: 'fault',
    code: 'disk-full',
    why: 'no space is left for another step; what was recorded before is intact',
    instead: 'free some space, then run `recircuit run --resume <run>`',
  },
  {
    prefix: 'SQLITE_NOTADB',
    kind: 'refusal',
    code: 'not-a-database',
    why: 'the file is not an SQLite database',
    instead: 'name another file, or move this one away so that a new record is created',
  },
  {
    prefix: 'SQLITE_CORRUPT',
    kind: 'fault',
    code: 'database-damaged',
    why: 'the database file is damaged',
    instead: 'restore it from a copy, or save what can be read with `sqlite3 <file> .recover`',
  },
  {
    prefix: 'SQLITE_CANTOPEN',
    kind: 'refusal',
    code: 'cannot-open',
    why: 'the file or its folder cannot be opened by this user',
    instead: 'check the path and its permissions',
  },
  {
    prefix: 'SQLITE_READONLY',
    kind: 'refusal',
    code: 'read-only',
    why: 'the file or its folder may not be written by this user',
    instead: 'check the permissions, or copy the record to a folder of yours',
  },
  {
    prefix: 'SQLITE_IOERR',
    kind: 'fault',
    code: 'disk-error',
    why: 'the disk did not take or give the data',
    instead: 'check free space and the disk, then run `recircuit run --resume <run>`',
  },
  {
    prefix: 'SQLITE_CONSTRAINT',
    kind: 'fault',
    code: 'record-guard',
    why: 'the record forbids this change',
    instead: 'append a new step; what is recorded is never changed',
  },
];

/** Returns the refusal or fault that stands for an SQLite error; anything else is returned as it is. */
export function explained(error: unknown, file: string): unknown {
  if (error instanceof Refusal || error instanceof Fault || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  if (typeof code !== 'string') return error;
  const row = TABLE.find(({ prefix }) => code.startsWith(prefix));
  if (row === undefined) return error;
  const sentence = {
    code: row.code,
    what: `the record ${file}`,
    why: `${row.why} (${error.message})`,
    instead: row.instead,
  };
  return row.kind === 'refusal' ? new Refusal(sentence, { cause: error }) : new Fault(sentence, { cause: error });
}

/** Runs `work`. @throws Refusal or Fault in place of SQLite's own errors. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(error, file);
  }
}
