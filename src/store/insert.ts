/** The two inserts of the record: a run, and the step after its last one. Both are called inside a transaction. */
import type Database from 'better-sqlite3';
import * as z from 'zod';
import { canonicalJson, type Run, type Step, StepBody } from '../contract/index.ts';
import { contentHash, linkHash } from './chain.ts';
import * as no from './refusals.ts';
import { artifactsOf, RUN_COLUMNS, type RunRow, STEP_COLUMNS, type StepRow, toStep } from './rows.ts';

export type Prepare = (sql: string) => Database.Statement;

type RunStart = Pick<Run, 'run' | 'finding' | 'model' | 'planner' | 'seed' | 'protocol_sha256' | 'origin'> & {
  readonly protocol: unknown;
};

/** @throws Refusal run-exists */
export function insertRun(prepare: Prepare, start: RunStart, at: string): void {
  const { run, finding, model, planner, seed, protocol_sha256, protocol, origin } = start;
  if (selectRun(prepare, run) !== undefined) throw no.existingRun(run);
  prepare(
    `INSERT INTO run (run, finding, model, planner, seed, protocol_sha256, protocol, state, opened_at, origin)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)`,
  ).run(run, finding, model, planner, seed, protocol_sha256, canonicalJson(protocol), at, origin);
}

/**
 * Adds the step after the last one, or returns the one recorded before under this act.
 * @param text the body in canonical JSON
 * @throws Fault act-conflict; Refusal unknown-run, run-sealed, run-ended
 */
export function insertStep(prepare: Prepare, run: string, act: string, text: string, at: string): Step {
  const found = selectRun(prepare, run);
  if (found === undefined) throw no.unknownRun(run);
  const body = JSON.parse(text) as StepBody;
  const content = contentHash(act, text);
  const before = selectStep(prepare, run, act);
  if (before?.content === content) return toStep(before);
  if (before !== undefined) throw no.actConflict(run, act);
  if (found.state !== 'running') throw no.endedRun(found);
  const seq = found.steps + 1;
  const hash = linkHash({ run, seq, act, at, body: text, previous: found.head });
  prepare('INSERT INTO step (run, seq, act, at, body, content, hash) VALUES (?, ?, ?, ?, ?, ?, ?)').run(
    run,
    seq,
    act,
    at,
    text,
    content,
    hash,
  );
  prepare('UPDATE run SET steps = ?, head = ? WHERE run = ?').run(seq, hash, run);
  for (const { sha256 } of artifactsOf(body))
    prepare('INSERT INTO artifact (run, seq, sha256) VALUES (?, ?, ?)').run(run, seq, sha256);
  return { run, seq, act, at, body, content, hash };
}

export function selectRun(prepare: Prepare, run: string): RunRow | undefined {
  return prepare(`SELECT ${RUN_COLUMNS} FROM run WHERE run = ?`).get(run) as RunRow | undefined;
}

export function selectStep(prepare: Prepare, run: string, act: string): StepRow | undefined {
  return prepare(`SELECT ${STEP_COLUMNS} FROM step WHERE run = ? AND act = ?`).get(run, act) as StepRow | undefined;
}

/** The body in the one spelling in which it is stored. @throws Fault bad-step */
export function bodyText(act: string, body: StepBody): string {
  if (act === '') throw no.badStep(act, 'its act is empty');
  const checked = StepBody.safeParse(body);
  if (!checked.success) throw no.badStep(act, z.prettifyError(checked.error).replaceAll(/\s+/g, ' '));
  return canonicalJson(checked.data);
}
