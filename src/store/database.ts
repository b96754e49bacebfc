/** Opening runs.db: settings, migrations, and the refusals of files that are not ours to write. Nothing here knows runs or steps. */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { Refusal } from '../contract/index.ts';
import { guarded } from './failures.ts';
import { migrations } from './migrations.ts';

/** `RECI` in ASCII: marks the file as a record, so that another program's database is never migrated. */
const APPLICATION_ID = 0x52454349;
const BUSY_TIMEOUT_MS = 5000;

export interface OpenOptions {
  /** True: nothing is created, migrated or written. */
  readonly readOnly?: boolean;
}

/**
 * Opens and, unless `readOnly`, creates and migrates a database.
 * @throws Refusal no-record, not-a-database, not-a-record, newer-database, older-database; Fault database-locked, disk-full
 */
export function openDatabase(file: string, { readOnly = false }: OpenOptions = {}): Database.Database {
  if (readOnly && !existsSync(file))
    throw refuse(
      'no-record',
      file,
      'there is no such file',
      'run `recircuit run` once, or name the folder of another record with --home',
    );
  return guarded(file, () => {
    if (!readOnly) mkdirSync(dirname(file), { recursive: true });
    const db = new Database(file, { readonly: readOnly, timeout: BUSY_TIMEOUT_MS });
    try {
      configure(db, readOnly);
      checkOwner(db, file);
      if (!readOnly) migrate(db, file);
      checkVersion(db, file);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  });
}

function refuse(code: string, file: string, why: string, instead: string): Refusal {
  return new Refusal({ code, what: `the record ${file}`, why, instead });
}

function configure(db: Database.Database, readOnly: boolean): void {
  db.pragma('foreign_keys = ON');
  if (readOnly) return;
  // FULL, not NORMAL: a step that was reported must survive a power cut, since a resumed run trusts it.
  db.pragma('synchronous = FULL');
}

const version = (db: Database.Database): number => db.pragma('user_version', { simple: true }) as number;

function checkOwner(db: Database.Database, file: string): void {
  const tables = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number;
  const owner = db.pragma('application_id', { simple: true }) as number;
  if (tables === 0 || owner === APPLICATION_ID) return;
  throw refuse('not-a-record', file, 'it is a database of another program', 'name another file');
}

function checkVersion(db: Database.Database, file: string): void {
  const found = version(db);
  if (found > migrations.length)
    throw newer(file, `its schema is version ${found} and this program knows ${migrations.length}`);
  if (found < migrations.length) {
    const why = `its schema is version ${found} and this program needs ${migrations.length}`;
    throw refuse('older-database', file, why, 'open it once for writing, e.g. with `recircuit run`, which migrates it');
  }
  const names = db.prepare('SELECT name FROM migration ORDER BY number').pluck().all() as string[];
  const unknown = names.find((name, index) => migrations[index]?.name !== name);
  if (unknown !== undefined) throw newer(file, `it has the migration ${unknown}, which this program does not know`);
}

function newer(file: string, why: string): Refusal {
  return refuse('newer-database', file, why, 'update recircuit, or name another file');
}

/** Applies what is missing, all or nothing. Two processes may come here at once: the second finds nothing left to do. */
function migrate(db: Database.Database, file: string): void {
  if (version(db) > migrations.length)
    throw newer(file, `its schema is version ${version(db)} and this program knows ${migrations.length}`);
  if (version(db) === migrations.length) return;
  // Before the first table, or it is too late: what a pack leaves free can be given back.
  if (version(db) === 0) db.pragma('auto_vacuum = INCREMENTAL');
  if (db.pragma('journal_mode', { simple: true }) !== 'wal') db.pragma('journal_mode = WAL');
  const apply = db.transaction(() => {
    if (version(db) === 0) {
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.exec(
        'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied_at TEXT NOT NULL) STRICT',
      );
    }
    const note = db.prepare('INSERT INTO migration (number, name, applied_at) VALUES (?, ?, ?)');
    for (const [index, { name, up }] of migrations.entries()) {
      if (index < version(db)) continue;
      if (typeof up === 'string') db.exec(up);
      else up(db);
      note.run(index + 1, name, new Date().toISOString());
      db.pragma(`user_version = ${index + 1}`);
    }
  });
  apply.immediate();
}
