/** Reading of the record: what an open runs.db is asked. */
import type Database from 'better-sqlite3';
import type { PublishedCell, Run, RunState, Step } from '../contract/index.ts';
import { type CellRow, readCells } from './cells.ts';
import { guarded } from './failures.ts';
import { importedJournal } from './imported.ts';
import { selectRun, selectStep } from './insert.ts';
import { type JournalRow, journalRows } from './journal.ts';
import { type Label, readLabels } from './labels.ts';
import { Packs } from './packs.ts';
import * as no from './refusals.ts';
import { RUN_COLUMNS, type RunRow, STEP_COLUMNS, type StepRow, toRun, toStep } from './rows.ts';
import { readPublished, readShared, type SharedRun } from './shared.ts';

export interface RunFilter {
  readonly finding?: string;
  readonly model?: string;
  readonly state?: RunState;
}

export interface RunSummary extends Omit<Run, 'protocol'> {
  /** ISO time at which it was taken over from another record; null: it was made here. */
  readonly imported: string | null;
}

/** Contract: throws only Refusal and Fault. */
export class RunReader {
  readonly file: string;
  protected readonly db: Database.Database;
  protected readonly packs: Packs;
  private readonly statements = new Map<string, Database.Statement>();

  /** Use `openRecord`. */
  constructor(db: Database.Database, file: string) {
    this.db = db;
    this.file = file;
    this.packs = new Packs(db);
  }

  /** Returns the run of exactly that id. */
  run(run: string): Run | undefined {
    const row = this.runRow(run);
    return row === undefined ? undefined : toRun(row);
  }

  /** Returns the run whose id is, or begins with, `name`; small letters will do. @throws Refusal unknown-run, ambiguous-run */
  findRun(name: string): Run {
    const exact = this.run(name);
    if (exact !== undefined) return exact;
    const begin = name.toUpperCase();
    const found = this.read(
      () =>
        this.prepare('SELECT run FROM run WHERE substr(run, 1, length(?)) = ? ORDER BY id')
          .pluck()
          .all(begin, begin) as string[],
    );
    if (begin === '' || found[0] === undefined) throw no.unknownRun(name);
    if (found.length > 1) throw no.ambiguousRun(name, found);
    return this.existing(found[0]);
  }

  /** Returns the runs that fit, in the order in which they were opened. */
  runs({ finding, model, state }: RunFilter = {}): Run[] {
    const rows = this.read(() =>
      this.prepare(
        `SELECT ${RUN_COLUMNS} FROM run WHERE (:finding IS NULL OR finding = :finding)
         AND (:model IS NULL OR model = :model) AND (:state IS NULL OR state = :state) ORDER BY id`,
      ).all({ finding: finding ?? null, model: model ?? null, state: state ?? null }),
    );
    return (rows as RunRow[]).map(toRun);
  }

  /** As `runs`, without the frozen protocols, which are most of what is read and never shown in a list. */
  list({ finding, model, state }: RunFilter = {}): RunSummary[] {
    const columns = RUN_COLUMNS.replace('protocol, ', '');
    return this.read(() =>
      this.prepare(
        `SELECT ${columns}, (SELECT at FROM imported WHERE imported.run = run.run) AS imported FROM run WHERE (:finding IS NULL OR finding = :finding)
         AND (:model IS NULL OR model = :model) AND (:state IS NULL OR state = :state) ORDER BY id`,
      ).all({ finding: finding ?? null, model: model ?? null, state: state ?? null }),
    ) as RunSummary[];
  }

  /** Returns the step of that act, or undefined while it has not been recorded. */
  step(run: string, act: string): Step | undefined {
    const row = this.read(() => selectStep(this.prepare, run, act) ?? this.packs.row(run, act));
    return row === undefined ? undefined : toStep(row);
  }

  /** Returns every step of a run, in order. */
  steps(run: string): Step[] {
    return this.stepRows(run).map(toStep);
  }

  /** Returns the grid: one row per finding and model with at least one sealed run. The caller adds behaviour and organism. */
  cells(): CellRow[] {
    return this.read(() => readCells(this.db));
  }

  /** Returns the figures that others published, as far as they were imported. */
  published(): PublishedCell[] {
    return this.read(() => readPublished(this.db));
  }

  /** Returns the runs that other records signed and published as bundles. */
  shared(): SharedRun[] {
    return this.read(() => readShared(this.db));
  }

  /** Returns a run as stored, unparsed: for verification, which must not stumble over what it is to report. */
  runRow(run: string): RunRow | undefined {
    return this.read(() => selectRun(this.prepare, run));
  }

  /** Returns the steps of a run as stored, unparsed, in order. */
  stepRows(run: string): StepRow[] {
    return this.rowsBetween(run, 0, Number.MAX_SAFE_INTEGER);
  }

  /** Returns up to `count` steps of a run from sequence number `first` on. */
  page(run: string, first: number, count: number): Step[] {
    return this.rowsBetween(run, first, first + count - 1).map(toStep);
  }

  /** Returns the labels of one run, or of all, in the order in which they were given. */
  labels(run: string | null = null): Label[] {
    return this.read(() => readLabels(this.db, run));
  }

  /** Returns what the journal of its own record said of an imported run; null for a run that was made here. */
  importedJournal(run: string): JournalRow[] | null {
    return this.read(() => importedJournal(this.db, run));
  }

  /** Returns every entry of the journal as stored, unparsed, in order. */
  journalRows(): JournalRow[] {
    return this.read(() => journalRows(this.db));
  }

  /** Returns what SQLite's own check of the file finds wrong, as sentences; empty when nothing. */
  damage(): string[] {
    const found = this.read(() => this.db.pragma('integrity_check(20)') as { integrity_check: string }[]);
    return found.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  }

  close(): void {
    this.statements.clear();
    this.db.close();
  }

  private rowsBetween(run: string, first: number, last: number): StepRow[] {
    return this.read(() => [
      ...this.packs.rows(run, first, last),
      ...(this.prepare(`SELECT ${STEP_COLUMNS} FROM step WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq`).all(
        run,
        first,
        last,
      ) as StepRow[]),
    ]);
  }

  protected existing(run: string): Run {
    const found = this.run(run);
    if (found === undefined) throw no.unknownRun(run);
    return found;
  }

  protected readonly prepare = (sql: string): Database.Statement => {
    const known = this.statements.get(sql) ?? this.db.prepare(sql);
    this.statements.set(sql, known);
    return known;
  };

  protected read<T>(work: () => T): T {
    return guarded(this.file, work);
  }
}
