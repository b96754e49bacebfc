/**
 * The record: runs and their steps, appended and never changed. The only place that writes runs.db; every write is one immediate
 * transaction, so a crash leaves either the whole step or nothing of it. Files of tensors are not here but in the artifacts folder.
 */
import type Database from 'better-sqlite3';
import * as z from 'zod';
import {
  canonicalJson,
  hashOf,
  type Run,
  type RunState,
  type Step,
  StepBody,
  type VerdictName,
} from '../contract/index.ts';
import { type CellRow, readCells } from './cells.ts';
import { contentHash, linkHash } from './chain.ts';
import { guarded } from './failures.ts';
import { type Holder, isAlive, liveHolder } from './lease.ts';
import * as no from './refusals.ts';
import { artifactsOf, RUN_COLUMNS, type RunRow, STEP_COLUMNS, type StepRow, toRun, toStep } from './rows.ts';
import { ulid } from './ulid.ts';

/** What a run is opened with; none of it can be changed later. */
export interface NewRun {
  /** ULID; made when left out. */
  readonly run?: string;
  readonly finding: string;
  readonly model: string;
  readonly planner: string;
  readonly seed: number;
  /** The frozen protocol; stored whole, in canonical JSON. */
  readonly protocol: unknown;
  readonly protocol_sha256: string;
}

export interface RunFilter {
  readonly finding?: string;
  readonly model?: string;
  readonly state?: RunState;
}

const now = (): string => new Date().toISOString();
const me = { pid: process.pid };

/** One open runs.db. Contract: throws only Refusal and Fault; after a throw nothing of the call is recorded. */
export class RunRecord {
  readonly file: string;
  private readonly db: Database.Database;
  private readonly statements = new Map<string, Database.Statement>();

  /** Use `openRecord`. */
  constructor(db: Database.Database, file: string) {
    this.db = db;
    this.file = file;
  }

  /** Opens a run in state `running`. @throws Refusal run-exists; Fault protocol-hash */
  createRun(start: NewRun): Run {
    const run = start.run ?? ulid();
    if (hashOf(start.protocol) !== start.protocol_sha256) throw no.protocolMismatch(start.finding);
    return this.write(() => {
      if (this.run(run) !== undefined) throw no.existingRun(run);
      this.prepare(
        `INSERT INTO run (run, finding, model, planner, seed, protocol_sha256, protocol, state, opened_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?)`,
      ).run(
        run,
        start.finding,
        start.model,
        start.planner,
        start.seed,
        start.protocol_sha256,
        canonicalJson(start.protocol),
        now(),
      );
      return this.existing(run);
    });
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

  /**
   * Adds a step to a running run. The same act with the same content gives the step recorded before, at any time.
   * @throws Fault act-conflict, bad-step, disk-full, database-locked; Refusal unknown-run, run-sealed, run-ended
   */
  append(run: string, act: string, body: StepBody): Step {
    const text = bodyText(act, body);
    return this.write(() => this.insertStep(run, act, text));
  }

  /** Returns the step of that act, or undefined while it has not been recorded. */
  step(run: string, act: string): Step | undefined {
    const row = this.read(() =>
      this.prepare(`SELECT ${STEP_COLUMNS} FROM step WHERE run = ? AND act = ?`).get(run, act),
    );
    return row === undefined ? undefined : toStep(row as StepRow);
  }

  /** Returns every step of a run, in order. */
  steps(run: string): Step[] {
    return this.stepRows(run).map(toStep);
  }

  /**
   * Closes a run for ever: appends the `sealed` step and sets the verdict, in one transaction. Sealing again with the same verdict does nothing.
   * @throws Fault not-ready-to-seal unless the last step is that verdict; Refusal run-sealed, run-ended
   */
  seal(run: string, verdict: VerdictName): Run {
    return this.write(() => {
      const found = this.existing(run);
      if (found.state === 'sealed' && found.verdict === verdict) return found;
      if (found.state !== 'running') throw no.endedRun(found);
      const last = this.stepRows(run).at(-1);
      const body = last === undefined ? undefined : toStep(last).body;
      if (body?.kind !== 'verdict') throw no.unready(run, `its last step is ${body?.kind ?? 'missing'}, not a verdict`);
      if (body.verdict.verdict !== verdict)
        throw no.unready(run, `its verdict step says ${body.verdict.verdict}, not ${verdict}`);
      const { at } = this.insertStep(
        run,
        'sealed',
        bodyText('sealed', { kind: 'sealed', steps: found.steps + 1, verdict }),
      );
      this.prepare("UPDATE run SET state = 'sealed', verdict = ?, ended_at = ? WHERE run = ?").run(verdict, at, run);
      return this.existing(run);
    });
  }

  /** Ends a run without a verdict; its cell stays empty. @throws Refusal run-sealed, run-ended, unknown-run */
  end(run: string, state: 'faulted' | 'cancelled', note: string): Run {
    return this.write(() => {
      const found = this.existing(run);
      if (found.state !== 'running') throw no.endedRun(found);
      this.prepare('UPDATE run SET state = ?, ended_at = ?, note = ? WHERE run = ?').run(state, now(), note, run);
      return this.existing(run);
    });
  }

  /** Sets a faulted, cancelled or abandoned run running again, its steps as they are. @throws Refusal run-sealed, unknown-run */
  reopen(run: string): Run {
    return this.write(() => {
      const found = this.existing(run);
      if (found.state === 'sealed') throw no.endedRun(found);
      this.prepare("UPDATE run SET state = 'running', ended_at = NULL, note = '' WHERE run = ?").run(run);
      return this.existing(run);
    });
  }

  /** Takes a run for a process. A dead holder's lease passes on at once. @throws Refusal run-in-use, unknown-run */
  acquire(run: string, { pid }: { pid: number } = me): void {
    this.write(() => {
      this.existing(run);
      const holder = this.prepare('SELECT pid, started FROM lease WHERE run = ?').get(run) as Holder | undefined;
      if (holder !== undefined && holder.pid !== pid && isAlive(holder)) throw no.runInUse(run, holder.pid);
      const started = liveHolder(pid)?.started ?? null;
      this.prepare('INSERT OR REPLACE INTO lease (run, pid, started, acquired_at) VALUES (?, ?, ?, ?)').run(
        run,
        pid,
        started,
        now(),
      );
    });
  }

  /** Gives a run back; nothing happens when another process holds it. */
  release(run: string, { pid }: { pid: number } = me): void {
    this.write(() => this.prepare('DELETE FROM lease WHERE run = ? AND pid = ?').run(run, pid));
  }

  /** Returns the grid: one row per finding and model with at least one sealed run. The caller adds behaviour and organism. */
  cells(): CellRow[] {
    return this.read(() => readCells(this.db));
  }

  /** Returns a run as stored, unparsed: for verification, which must not stumble over what it is to report. */
  runRow(run: string): RunRow | undefined {
    return this.read(() => this.prepare(`SELECT ${RUN_COLUMNS} FROM run WHERE run = ?`).get(run) as RunRow | undefined);
  }

  /** Returns the steps of a run as stored, unparsed, in order. */
  stepRows(run: string): StepRow[] {
    return this.read(
      () => this.prepare(`SELECT ${STEP_COLUMNS} FROM step WHERE run = ? ORDER BY seq`).all(run) as StepRow[],
    );
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

  /** Inside a transaction: the step after the last one, or the one recorded before under this act. */
  private insertStep(run: string, act: string, text: string): Step {
    const found = this.runRow(run);
    if (found === undefined) throw no.unknownRun(run);
    const body = JSON.parse(text) as StepBody;
    const content = contentHash(act, body);
    const before = this.step(run, act);
    if (before?.content === content) return before;
    if (before !== undefined) throw no.actConflict(run, act);
    if (found.state !== 'running') throw no.endedRun(found);
    const seq = found.steps + 1;
    const at = now();
    const hash = linkHash({ run, seq, act, at, body, previous: found.head });
    this.prepare('INSERT INTO step (run, seq, act, at, body, content, hash) VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      run,
      seq,
      act,
      at,
      text,
      content,
      hash,
    );
    this.prepare('UPDATE run SET steps = ?, head = ? WHERE run = ?').run(seq, hash, run);
    for (const { sha256 } of artifactsOf(body))
      this.prepare('INSERT INTO artifact (run, seq, sha256) VALUES (?, ?, ?)').run(run, seq, sha256);
    return { run, seq, act, at, body, content, hash };
  }

  private existing(run: string): Run {
    const found = this.run(run);
    if (found === undefined) throw no.unknownRun(run);
    return found;
  }

  private prepare(sql: string): Database.Statement {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare(sql);
    this.statements.set(sql, made);
    return made;
  }

  private read<T>(work: () => T): T {
    return guarded(this.file, work);
  }

  /** Always IMMEDIATE: a transaction that begins by reading and is then refused the write lock cannot be retried by SQLite. */
  private write<T>(work: () => T): T {
    return guarded(this.file, () => this.db.transaction(work).immediate());
  }
}

/** The body in the one spelling in which it is stored. */
function bodyText(act: string, body: StepBody): string {
  if (act === '') throw no.badStep(act, 'its act is empty');
  const checked = StepBody.safeParse(body);
  if (!checked.success) throw no.badStep(act, z.prettifyError(checked.error).replaceAll(/\s+/g, ' '));
  return canonicalJson(checked.data);
}
