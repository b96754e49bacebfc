/** The journal as it lies in runs.db: how an entry is made and what is wrong with one. Writing and verification share these lines. */
import type Database from 'better-sqlite3';
import { canonicalJson, type JournalBody, JournalEntry, sha256 } from '../contract/index.ts';
import { isSigned, type SigningKey } from './signing.ts';

type Unsigned = Omit<JournalEntry, 'hash' | 'signature'>;

/** An entry as it lies in the table: `body` is text, so that verification sees every byte. */
export type JournalRow = Omit<JournalEntry, 'body'> & { readonly body: string };

const COLUMNS = 'seq, at, body, previous, key, hash, signature';

/** The text that is hashed and signed. */
const textOf = ({ seq, at, body, previous, key }: Unsigned): string => canonicalJson({ seq, at, body, previous, key });

/** Inside a transaction: adds an entry after the last one. `signer` is null only for runs from before there were signatures. */
export function addEntry(
  db: Database.Database,
  body: JournalBody,
  at: string,
  signer: SigningKey | null,
): JournalEntry {
  const last = db.prepare('SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1').get() as
    | { seq: number; hash: string }
    | undefined;
  const unsigned = { seq: (last?.seq ?? 0) + 1, at, body, previous: last?.hash ?? null, key: signer?.key ?? null };
  const text = textOf(unsigned);
  const entry = { ...unsigned, hash: sha256(text), signature: signer?.sign(text) ?? null };
  db.prepare(`INSERT INTO journal (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`).run(
    entry.seq,
    entry.at,
    canonicalJson(body),
    entry.previous,
    entry.key,
    entry.hash,
    entry.signature,
  );
  return entry;
}

export function journalRows(db: Database.Database): JournalRow[] {
  return db.prepare(`SELECT ${COLUMNS} FROM journal ORDER BY seq`).all() as JournalRow[];
}

/** Returns the entry of a row, or null where it is none. */
export function toEntry(row: JournalRow): JournalEntry | null {
  try {
    return JournalEntry.parse({ ...row, body: JSON.parse(row.body) });
  } catch {
    return null;
  }
}

/** Returns what is wrong with the journal, one sentence per thing. `whole`: every entry is there, so that they must link. */
export function journalProblems(rows: readonly JournalRow[], whole: boolean): string[] {
  return rows.flatMap((row, index) => {
    const say = (what: string): string => `entry ${row.seq} of the journal: ${what}`;
    const before = rows[index - 1];
    const entry = toEntry(row);
    if (entry === null) return [say('it does not have the form of one')];
    const unlinked = row.seq !== index + 1 || row.previous !== (before?.hash ?? null);
    return [
      ...(whole && unlinked ? [say('it does not follow from the one before')] : []),
      ...(canonicalJson(entry.body) === row.body ? [] : [say('it is not spelt as it was written')]),
      ...(sha256(textOf(entry)) === row.hash ? [] : [say('it does not fit its hash')]),
      ...(hasTrueSignature(entry) ? [] : [say('its signature is not by the key that it names')]),
    ];
  });
}

function hasTrueSignature(entry: JournalEntry): boolean {
  if (entry.key === null || entry.signature === null) return entry.key === entry.signature;
  return isSigned(textOf(entry), entry.key, entry.signature);
}
