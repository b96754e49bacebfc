/**
 * Full-text search over steps: an index in a file of its own, `search.db`, beside the record. It is made from the record and may be
 * lost; it holds no text, only which words stand in which step. What it finds is read from the record, which decides.
 */
import Database from 'better-sqlite3';
import { Refusal, type Step } from '../contract/index.ts';
import { guarded } from './failures.ts';
import type { RunReader } from './reader.ts';

/** Rows of one run lie together: its number times this, plus the sequence number. */
const SPAN = 2 ** 32;
const CHUNK = 500;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS indexed (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, upto INTEGER NOT NULL) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(text, content='', detail=none, columnsize=0, tokenize="unicode61 categories 'L* N* Co'");
`;

export interface Hit {
  readonly step: Step;
  /** The text that was found, without its surroundings. */
  readonly text: string;
}

export interface Found {
  /** The first ones, in order. */
  readonly hits: readonly Hit[];
  /** Steps that hold every word, wherever they stand. */
  readonly steps: number;
}

export class SearchIndex {
  private readonly db: Database.Database;
  private readonly file: string;

  /** Opens the index, or makes it. */
  constructor(file: string) {
    this.file = file;
    this.db = guarded(file, () => {
      const db = new Database(file);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      db.exec(SCHEMA);
      return db;
    });
  }

  /** Brings the index up to the last step of a run. */
  update(record: RunReader, run: string): void {
    guarded(this.file, () => {
      this.db.prepare('INSERT INTO indexed (run, upto) VALUES (?, 0) ON CONFLICT DO NOTHING').run(run);
      const add = this.db.prepare('INSERT INTO word (rowid, text) VALUES (?, ?)');
      const reach = this.db.prepare('UPDATE indexed SET upto = ? WHERE run = ?');
      const chunk = this.db.transaction((): number => {
        const { number, upto } = this.state(run);
        const steps = record.page(run, upto + 1, CHUNK);
        for (const step of steps) add.run(number * SPAN + step.seq, textOf(step));
        reach.run(steps.at(-1)?.seq ?? upto, run);
        return steps.length;
      });
      while (chunk.immediate() === CHUNK);
    });
  }

  /** Makes the index as small and quick as it gets; worth it after many steps. */
  settle(): void {
    guarded(this.file, () => {
      this.db.exec("INSERT INTO word (word) VALUES ('optimize')");
      this.db.exec('VACUUM');
      this.db.pragma('wal_checkpoint(TRUNCATE)');
    });
  }

  /** Returns the steps of a run that hold every word of `words`; a word is matched whole, without regard to case and accents. */
  find(record: RunReader, run: string, words: readonly string[], most: number): Found {
    const asked = words.flatMap(wordsOf).map((word) => `"${word}"`);
    if (asked.length === 0) return { hits: [], steps: 0 };
    const { number } = this.state(run);
    const seqs = guarded(this.file, () => this.matches(asked.join(' '), number));
    const hits = seqs.slice(0, most).flatMap((rowid) => {
      const [step] = record.page(run, rowid - number * SPAN, 1);
      return step === undefined ? [] : [{ step, text: textOf(step) }];
    });
    return { hits, steps: seqs.length };
  }

  close(): void {
    this.db.close();
  }

  /** @throws Refusal unknown-letters where the index, which knows an older Unicode, reads one word as several */
  private matches(asked: string, number: number): number[] {
    try {
      const all = this.db.prepare('SELECT rowid FROM word WHERE word MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid');
      return all.pluck().all(asked, number * SPAN, (number + 1) * SPAN - 1) as number[];
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('fts5:')) throw error;
      const why = 'they hold letters that the index does not know';
      throw new Refusal(
        { code: 'unknown-letters', what: `the words ${asked}`, why, instead: 'search for other words' },
        { cause: error },
      );
    }
  }

  private state(run: string): { number: number; upto: number } {
    return this.db.prepare('SELECT number, upto FROM indexed WHERE run = ?').get(run) as {
      number: number;
      upto: number;
    };
  }
}

/** Words as the index knows them: letters and digits, everything else stands between words. */
export const wordsOf = (text: string): string[] => text.normalize('NFC').match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];

/** Returns the act and every text and number of a step's body, without the names of fields. */
export function textOf({ act, body }: Step): string {
  const parts: string[] = [act];
  const visit = (value: unknown): void => {
    if (typeof value === 'string') parts.push(value);
    else if (typeof value === 'number') parts.push(String(value));
    else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) visit(item);
  };
  visit(body);
  return parts.join(' ');
}
