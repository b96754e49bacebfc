/** Rows of the grid that were not measured here: published figures, and runs that another record signed. Reading and appending. */
import type Database from 'better-sqlite3';
import { canonicalJson, PublishedCell, RunEvidence, sha256 } from '../contract/index.ts';
import type { Prepare } from './insert.ts';

/** A run of another record, with the bundle that brought it. */
export interface SharedRun {
  readonly evidence: RunEvidence;
  /** sha256 of the bundle's index. */
  readonly bundle: string;
  /** Fingerprint of the key that signed the bundle. */
  readonly signer: string;
  readonly at: string;
}

/** One figure of one model from one repository: a later import of it takes its place. */
const keyOf = ({ behaviour, finding, model, source, figures }: PublishedCell): string =>
  canonicalJson([
    behaviour,
    finding,
    model,
    source.repository ?? source.paper,
    figures.kind,
    'receiver' in figures ? figures.receiver : null,
    'role' in figures ? figures.role : null,
  ]);

/** Inside a transaction. Returns how many were new. */
export function insertPublished(prepare: Prepare, cells: readonly PublishedCell[], at: string): number {
  return cells.filter((cell) => {
    const body = canonicalJson(PublishedCell.parse(cell));
    const hash = sha256(body);
    if (prepare('SELECT 1 FROM published_cell WHERE sha256 = ?').get(hash) !== undefined) return false;
    prepare('INSERT INTO published_cell (at, key, body, sha256) VALUES (?, ?, ?, ?)').run(at, keyOf(cell), body, hash);
    return true;
  }).length;
}

export function readPublished(db: Database.Database): PublishedCell[] {
  const last =
    'SELECT body FROM published_cell WHERE id IN (SELECT max(id) FROM published_cell GROUP BY key) ORDER BY id';
  return (db.prepare(last).pluck().all() as string[]).map((body) => PublishedCell.parse(JSON.parse(body)));
}

/** Inside a transaction. Returns how many were new. */
export function insertShared(prepare: Prepare, runs: readonly Omit<SharedRun, 'at'>[], at: string): number {
  return runs.filter(({ evidence, bundle, signer }) => {
    const body = canonicalJson(RunEvidence.parse(evidence));
    const hash = sha256(`${signer} ${body}`);
    if (prepare('SELECT 1 FROM shared_run WHERE sha256 = ?').get(hash) !== undefined) return false;
    prepare('INSERT INTO shared_run (at, run, bundle, signer, body, sha256) VALUES (?, ?, ?, ?, ?, ?)').run(
      at,
      evidence.run,
      bundle,
      signer,
      body,
      hash,
    );
    return true;
  }).length;
}

/** Of a run that came twice from one signer the later word counts, but a withdrawal is never taken back. */
export function readShared(db: Database.Database): SharedRun[] {
  const rows = db.prepare('SELECT at, bundle, signer, body FROM shared_run ORDER BY id').all() as (Omit<
    SharedRun,
    'evidence'
  > & { body: string })[];
  const last = new Map<string, SharedRun>();
  for (const { body, ...row } of rows) {
    const evidence = RunEvidence.parse(JSON.parse(body));
    const key = `${row.signer} ${evidence.run}`;
    const before = last.get(key);
    if (before === undefined || before.evidence.withdrawn === null) last.set(key, { ...row, evidence });
  }
  return [...last.values()];
}
