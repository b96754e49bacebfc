/**
 * A run as lines of JSON, for reading elsewhere: the run, its steps, and what the journal says of it. Everything that the hashes
 * and the signature cover is there, so that such a file can be verified and replayed by itself. Tensors may follow, each named by its hash.
 */
import { canonicalJson, type Json, Manifest, type Run, type Step, type StepBody, sha256 } from '../contract/index.ts';
import { type JournalRow, toEntry } from './journal.ts';
import type { RunReader } from './reader.ts';
import { type RunRow, type StepRow, toStep } from './rows.ts';
import type { RecordedRun } from './verify.ts';

/** A tensor with its manifest, as a line carries it. */
export interface CarriedTensor {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
}

export interface Trajectory {
  readonly run: Run;
  readonly steps: readonly Step[];
  /** The same as it would lie in the record, for verification. */
  readonly recorded: RecordedRun;
  readonly tensors: readonly CarriedTensor[];
}

/** Returns the line of a tensor. */
export function tensorText({ manifest, bytes }: CarriedTensor): string {
  return `${JSON.stringify({ tensor: { manifest, data: Buffer.from(bytes).toString('base64') } })}\n`;
}

/** Returns the file's text, a line for the run, each step and each entry of the journal. */
export function trajectoryText(record: RunReader, run: Run): string {
  const rows = record.importedJournal(run.run) ?? record.journalRows();
  const entries = rows.flatMap((row) => toEntry(row) ?? []);
  const told = entries.filter(({ body }) => body.run === run.run).map((journal) => ({ journal }));
  return [{ run }, ...record.steps(run.run), ...told].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Nothing may stand in a line that no hash covers. */
const STEP_KEYS: readonly string[] = ['run', 'seq', 'act', 'at', 'body', 'content', 'hash'];

type Line = { run: Run } | { journal: { body: Json } } | { tensor: { manifest: Manifest; data: string } } | Step;

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
  const tensors = lines.flatMap((line) => ('tensor' in line ? [carried(line.tensor)] : []));
  for (const { manifest, bytes } of tensors)
    if (sha256(bytes) !== manifest.ref.sha256)
      damage.push(`tensor ${manifest.ref.sha256} has another hash than its name`);
  return { run, steps: rows.map(toStep), recorded, tensors };
}

function lineOf(text: string): Line | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const [only, ...others] = Object.keys(value);
    if (others.length === 0 && (only === 'run' || only === 'journal'))
      return isObject(value[only]) ? (value as unknown as Line) : null;
    if (others.length === 0 && only === 'tensor') return isTensor(value[only]) ? (value as unknown as Line) : null;
    const known = [only, ...others].every((key) => STEP_KEYS.includes(key ?? ''));
    return known && isObject(value['body']) && typeof value['seq'] === 'number' ? (value as unknown as Line) : null;
  } catch {
    return null;
  }
}

const isTensor = (value: unknown): boolean =>
  isObject(value) &&
  Manifest.safeParse((value as { manifest?: unknown }).manifest).success &&
  typeof (value as { data?: unknown }).data === 'string';

const carried = ({ manifest, data }: { manifest: Manifest; data: string }): CarriedTensor => ({
  manifest,
  bytes: Buffer.from(data, 'base64'),
});

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const stepRow = ({ run, seq, act, at, body, content, hash }: Step): StepRow => {
  const kind = (body as StepBody).kind;
  return { run, seq, act, kind, at, body: canonicalJson(body), content, hash };
};

const journalRow = (entry: { body: Json }): JournalRow =>
  ({ ...entry, body: canonicalJson(entry.body) }) as unknown as JournalRow;
