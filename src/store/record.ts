/**
 * The record: runs and their steps, appended and never changed. The only place that writes runs.db; every write is one immediate
 * transaction, so a crash leaves either the whole step or nothing of it. Files of tensors are not here but in the artifacts folder.
 */
import {
  hashOf,
  type JsonObject,
  type PublishedCell,
  type Run,
  type Step,
  type StepBody,
  type StepOf,
  type VerdictName,
} from '../contract/index.ts';
import { checkRaise } from './budget.ts';
import { contentHash } from './chain.ts';
import { forkedBodies } from './fork.ts';
import { checkImport, insertImported } from './imported.ts';
import { bodyText, insertRun, insertStep } from './insert.ts';
import { addEntry } from './journal.ts';
import { insertLabel, type NewLabel } from './labels.ts';
import { giveBack, takeLease } from './lease.ts';
import { manifestsHash } from './manifests.ts';
import { RunReader } from './reader.ts';
import * as no from './refusals.ts';
import { toStep } from './rows.ts';
import { insertPublished, insertShared, type SharedRun } from './shared.ts';
import { signingKey } from './signing.ts';
import { ulid } from './ulid.ts';
import type { RecordedRun } from './verify.ts';

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

const now = (): string => new Date().toISOString();
const me = { pid: process.pid };

/** Who decides in a forked run from there on; left out: as before. */
interface OtherPlanner {
  readonly planner?: string;
  readonly planner_settings?: JsonObject | undefined;
}

/** One open runs.db. Contract: throws only Refusal and Fault; after a throw nothing of the call is recorded. */
export class RunRecord extends RunReader {
  /** Opens a run in state `running`. @throws Refusal run-exists; Fault protocol-hash */
  createRun(start: NewRun): Run {
    const run = start.run ?? ulid();
    if (hashOf(start.protocol) !== start.protocol_sha256) throw no.protocolMismatch(start.finding);
    return this.write(() => {
      insertRun(this.prepare, { ...start, run, origin: null }, now());
      return this.existing(run);
    });
  }

  /**
   * Opens a run that shares the steps of another up to `seq`, and says so in its first step. It is no independent measurement, so
   * it counts in no cell. @throws Refusal unknown-run, bad-fork
   */
  fork(name: string, seq: number, { planner, planner_settings }: OtherPlanner = {}): Run {
    const run = ulid();
    return this.write(() => {
      const origin = this.existing(name);
      const started = { ...origin, run, planner: planner ?? origin.planner, origin: name };
      const shared = forkedBodies({ ...started, planner_settings }, this.steps(name), seq);
      insertRun(this.prepare, started, now());
      for (const { act, body } of shared) insertStep(this.prepare, run, act, bodyText(act, body), now());
      return this.existing(run);
    });
  }

  /**
   * Adds a step to a running run. The same act with the same content gives the step recorded before, at any time.
   * @throws Fault act-conflict, bad-step, disk-full, database-locked; Refusal unknown-run, run-sealed, run-ended
   */
  append(run: string, act: string, body: StepBody): Step {
    const text = bodyText(act, body);
    return this.write(() => {
      const packed = this.packs.row(run, act);
      if (packed !== undefined && packed.content !== contentHash(act, text)) throw no.actConflict(run, act);
      if (packed !== undefined) return toStep(packed);
      const step = insertStep(this.prepare, run, act, text, now());
      this.packs.grown(run, text.length, step.seq);
      return step;
    });
  }

  /**
   * Takes in a run of another record, with its own times, hashes and journal. A run that is here already, unchanged, is left as it is.
   * @throws Refusal altered, not-ended, run-exists
   */
  importRun(recorded: RecordedRun): Run {
    checkImport(recorded);
    const { run, head } = recorded.run;
    let packed = false;
    const taken = this.write(() => {
      const before = this.run(run);
      if (before !== undefined && before.head !== head) throw no.existingRun(run);
      if (before === undefined) packed = insertImported(this.prepare, this.packs, recorded, now());
      return this.existing(run);
    });
    if (packed) this.shrink();
    return taken;
  }

  /** Adds figures that others published; those that are here already stay. Returns how many were new. */
  addPublished(cells: readonly PublishedCell[]): number {
    return this.write(() => insertPublished(this.prepare, cells, now()));
  }

  /** Adds runs of a bundle, all or none; the caller has verified it. Returns how many were new. */
  addShared(runs: readonly Omit<SharedRun, 'at'>[]): number {
    return this.write(() => insertShared(this.prepare, runs, now()));
  }

  /** Appends a reviewer's label. @throws Refusal unknown-run */
  addLabel(label: NewLabel): void {
    this.write(() => {
      this.existing(label.run);
      insertLabel(this.db, label, now());
    });
  }

  /**
   * Closes a run for ever: appends the `sealed` step, sets the verdict and signs the head, in one transaction. Sealing again with
   * the same verdict does nothing.
   * @param artifacts folder of its artifacts; with it the manifests are part of what is signed
   * @throws Fault not-ready-to-seal unless the last step is that verdict; Refusal run-sealed, run-ended, bad-key
   */
  seal(run: string, verdict: VerdictName, artifacts?: string): Run {
    const signer = signingKey();
    const manifests = artifacts === undefined ? null : manifestsHash(this.steps(run), artifacts);
    let packed = false;
    const closed = this.write(() => {
      const found = this.existing(run);
      if (found.state === 'sealed' && found.verdict === verdict) return found;
      if (found.state !== 'running') throw no.endedRun(found);
      const body = this.page(run, found.steps, 1)[0]?.body;
      if (body?.kind !== 'verdict') throw no.unready(run, `its last step is ${body?.kind ?? 'missing'}, not a verdict`);
      if (body.verdict.verdict !== verdict)
        throw no.unready(run, `its verdict step says ${body.verdict.verdict}, not ${verdict}`);
      const text = bodyText('sealed', { kind: 'sealed', steps: found.steps + 1, verdict });
      const { at, hash, seq } = insertStep(this.prepare, run, 'sealed', text, now());
      packed = this.packs.ended(run, seq);
      this.prepare("UPDATE run SET state = 'sealed', verdict = ?, ended_at = ? WHERE run = ?").run(verdict, at, run);
      addEntry(this.db, { kind: 'sealed', run, head: hash, steps: seq, verdict, manifests }, at, signer);
      return this.existing(run);
    });
    if (packed) this.shrink();
    return closed;
  }

  /**
   * Takes a sealed run out of the grid, for a reason that stands wherever it is shown; nothing of it is changed.
   * @throws Refusal not-sealed, run-withdrawn, bad-key
   */
  withdraw(run: string, because: string): Run {
    const signer = signingKey();
    return this.write(() => {
      const found = this.existing(run);
      if (found.state !== 'sealed' || found.head === null) throw no.unsealed(found);
      if (found.withdrawn !== null) throw no.withdrawnBefore(run, found.withdrawn);
      addEntry(this.db, { kind: 'withdrawn', run, head: found.head, because }, now(), signer);
      return this.existing(run);
    });
  }

  /**
   * Raises limits of a run on which no process works. It is a person's word, and a step of the run like any other.
   * @throws Refusal run-in-use, run-sealed, not-raised
   */
  raiseBudget(run: string, raise: Omit<StepOf<'budget-raised'>, 'kind'>): Step {
    return this.write(() => {
      const { state, ended_at, note } = this.existing(run);
      takeLease(this.prepare, run, me.pid, now());
      const steps = this.steps(run);
      checkRaise(run, steps, raise.limits);
      if (state !== 'running') this.reopen(run);
      const act = `budget/raised-${steps.filter(({ body }) => body.kind === 'budget-raised').length + 1}`;
      const step = this.append(run, act, { kind: 'budget-raised', ...raise });
      this.prepare('UPDATE run SET state = ?, ended_at = ?, note = ? WHERE run = ?').run(state, ended_at, note, run);
      giveBack(this.prepare, run, me.pid);
      return step;
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
      takeLease(this.prepare, run, pid, now());
    });
  }

  /** Gives a run back; nothing happens when another process holds it. */
  release(run: string, { pid }: { pid: number } = me): void {
    this.write(() => giveBack(this.prepare, run, pid));
  }

  /** Always IMMEDIATE: a transaction that begins by reading and is then refused the write lock cannot be retried by SQLite. */
  private write<T>(work: () => T): T {
    try {
      return this.read(() => this.db.transaction(work).immediate());
    } catch (error) {
      this.packs.forget();
      throw error;
    }
  }

  /** Returns free pages to the disk, in a record that was made to do so. */
  private shrink(): void {
    this.read(() => this.db.pragma('incremental_vacuum'));
  }
}
