/**
 * A run as lines of JSON, for reading elsewhere: the run, its steps, and what the journal says of it. Everything that the hashes
 * and the signature cover is there, so that such a file can be verified and replayed by itself; tensors are not.
 */
import { canonicalJson, type Json, type Run, type Step, type StepBody } from '../contract/index.ts';
import { type JournalRow, toEntry } from './journal.ts';
import type { RunReader } from './reader.ts';
import { type RunRow, type StepRow, toStep } from './rows.ts';
import type { RecordedRun } from './verify.ts';

export interface Trajectory {
  readonly run: Run;
  readonly steps: readonly Step[];
  /** The same as it would lie in the record, for verification. */
  readonly recorded: RecordedRun;
}

/** Returns the file's text, a line for the run, each step and each entry of the journal. */
export function trajectoryText(record: RunReader, run: Run): string {
  const entries = record.journalRows().flatMap((row) => toEntry(row) ?? []);
  const told = entries.filter(({ body }) => body.run === run.run).map((journal) => ({ journal }));
  return [{ run }, ...record.steps(run.run), ...told].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Nothing may stand in a line that no hash covers. */
const STEP_KEYS: readonly string[] = ['run', 'seq', 'act', 'at', 'body', 'content', 'hash'];

type Line = { run: Run } | { journal: { body: Json } } | Step;

/** Reads such a text. What is no line of it stands in `recorded.damage`. Contract: throws SyntaxError only where no run is in it. */
export function readTrajectory(text: string): Trajectory {
  const damage: string[] = [];
  const lines = text.split('\n').flatMap((line, index): Line[] => {
    if (line === '') return [];
    const read = lineOf(line);
    if (read === null) damage.push(`line ${index + 1} is neither a run, a step nor an entry of the journal`);
    return read === null ? [] : [read];
  });
  const [run, ...more] = lines.flatMap((line) => ('run' in line && typeof line.run === 'object' ? [line.run] : []));
  if (run === undefined) throw new SyntaxError('no run is in it');
  if (more.length > 0) damage.push('it holds several runs');
  const rows = lines.flatMap((line) => ('seq' in line ? [stepRow(line)] : []));
  const journal = lines.flatMap((line) => ('journal' in line ? [journalRow(line.journal)] : []));
  const recorded: RecordedRun = {
    run: { ...run, protocol: canonicalJson(run.protocol) } as RunRow,
    steps: rows,
    journal: { rows: journal, missing: [], whole: false },
    damage,
    origin: null,
  };
  return { run, steps: rows.map(toStep), recorded };
}

function lineOf(text: string): Line | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const [only, ...others] = Object.keys(value);
    if (others.length === 0 && (only === 'run' || only === 'journal'))
      return isObject(value[only]) ? (value as unknown as Line) : null;
    const known = [only, ...others].every((key) => STEP_KEYS.includes(key ?? ''));
    return known && isObject(value['body']) && typeof value['seq'] === 'number' ? (value as unknown as Line) : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const stepRow = ({ run, seq, act, at, body, content, hash }: Step): StepRow => {
  const kind = (body as StepBody).kind;
  return { run, seq, act, kind, at, body: canonicalJson(body), content, hash };
};

const journalRow = (entry: { body: Json }): JournalRow =>
  ({ ...entry, body: canonicalJson(entry.body) }) as unknown as JournalRow;
