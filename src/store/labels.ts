/** Labels as rows. What a label means, and who disagrees with whom, is the review's to say. */
import type Database from 'better-sqlite3';

export interface NewLabel {
  readonly run: string;
  readonly label: string;
  readonly value: 'present' | 'absent' | 'unsure';
  readonly reviewer: string;
  /** Sequence numbers of the steps that show it. */
  readonly cites: readonly number[];
  readonly note: string;
}

export interface Label extends NewLabel {
  readonly id: number;
  readonly at: string;
}

type Row = Omit<Label, 'cites'> & { readonly cites: string };

export function insertLabel(db: Database.Database, given: NewLabel, at: string): void {
  db.prepare(
    'INSERT INTO label (run, label, value, reviewer, cites, note, at) VALUES (:run, :label, :value, :reviewer, :cites, :note, :at)',
  ).run({ ...given, cites: JSON.stringify(given.cites), at });
}

/** Returns all labels in the order in which they were given; of one run, if it is named. */
export function readLabels(db: Database.Database, run: string | null): Label[] {
  const rows = db
    .prepare(
      'SELECT id, run, label, value, reviewer, cites, note, at FROM label WHERE :run IS NULL OR run = :run ORDER BY id',
    )
    .all({ run }) as Row[];
  return rows.map((row) => ({ ...row, cites: JSON.parse(row.cites) as number[] }));
}
