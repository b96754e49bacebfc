/** Edits a record behind its back: SQL with the triggers gone, hashes mended as far as that goes without the key, artifacts changed. */
import { readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { canonicalJson, hashOf } from '../../src/contract/index.ts';
import type { AttackOf } from './schema.ts';

type Edit = AttackOf<'sealed'>['edit'];
const LONG_AGO = new Date('2020-01-01');

export function edit(folder: string, { sql, mend, artifact }: Edit): void {
  const db = new Database(join(folder, 'runs.db'));
  try {
    for (const { name } of db.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all() as {
      name: string;
    }[])
      db.exec(`DROP TRIGGER ${name}`);
    const [run, other] = db.prepare('SELECT run FROM run ORDER BY id').pluck().all() as string[];
    for (const statement of sql) {
      const { changes } = db.prepare(statement).run({ run, other });
      if (changes === 0) throw new Error(`the attack did nothing: ${statement}`);
    }
    if (mend) mendChain(db, String(run));
  } finally {
    db.close();
  }
  if (artifact) spoil(join(folder, 'artifacts'), artifact);
}

interface Row {
  readonly seq: number;
  readonly act: string;
  readonly at: string;
  readonly body: string;
}

function mendChain(db: Database.Database, run: string): void {
  const rows = db.prepare('SELECT seq, act, at, body FROM step WHERE run = ? ORDER BY seq').all(run) as Row[];
  let previous: string | null = null;
  for (const [index, { seq, act, at, body: text }] of rows.entries()) {
    const body: unknown = JSON.parse(text);
    const hash: string = hashOf({ run, seq: index + 1, act, at, body, previous });
    db.prepare('UPDATE step SET seq = ?, body = ?, content = ?, hash = ? WHERE run = ? AND seq = ?').run(
      index + 1,
      canonicalJson(body),
      hashOf({ act, body }),
      hash,
      run,
      seq,
    );
    previous = hash;
  }
  db.prepare('UPDATE run SET steps = ?, head = ? WHERE run = ?').run(rows.length, previous, run);
}

/** Times are put back, so that nothing is told by them. */
function spoil(folder: string, how: NonNullable<Edit['artifact']>): void {
  const [first = '', second = ''] = readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort();
  const file = join(folder, first);
  if (how === 'link') {
    rmSync(file);
    symlinkSync(join(folder, second), file);
    return;
  }
  const manifest = file.replace('.safetensors', '.json');
  const target = how === 'describe' ? manifest : file;
  const before = readFileSync(target);
  const after = spoilt(how, Buffer.from(before), readFileSync(join(folder, second)));
  if (after.equals(before)) throw new Error(`the attack did nothing: ${how}`);
  writeFileSync(target, after);
  utimesSync(target, LONG_AGO, LONG_AGO);
}

function spoilt(how: 'flip' | 'swap' | 'describe', bytes: Buffer, other: Buffer): Buffer {
  if (how === 'swap') return other;
  if (how === 'describe') return Buffer.from(bytes.toString('utf8').replace(/"unit": ?"[^"]*"/, '"unit":"percent"'));
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 0x40;
  return bytes;
}
