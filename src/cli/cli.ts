/**
 * What every command shares: where it prints, where the record is, how it ends. Results go to stdout, everything else to
 * stderr, so that a pipe never meets progress.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Refusal, type Run, seenJson } from '../contract/index.ts';
import { type Paint, paintFor } from '../report/index.ts';
import { root } from '../root.ts';
import { openRecord, type RunRecord } from '../store/index.ts';

/** Files of one home folder. */
export interface Home {
  readonly folder: string;
  readonly runs: string;
  readonly artifacts: string;
  readonly checkpoints: string;
  readonly search: string;
}

export interface Cli {
  /** For stdout. */
  readonly paint: Paint;
  /** For stderr. */
  readonly side: Paint;
  /** Prints lines of a result. */
  out(lines: string | readonly string[]): void;
  /** Prints a line beside the result. */
  say(line: string): void;
  /** Prints a result as JSON, alone on stdout. */
  json(value: unknown): void;
  /** @throws Refusal no-home */
  home(): Home;
  /** How a person at this terminal calls the program again, on the same home folder. */
  again(): string;
  /** Sets what the process returns; the last word counts. */
  exit(code: number): void;
}

/** Options that stand on the program and hold for every command. */
export interface GlobalOptions {
  readonly home?: string;
  readonly trace?: boolean;
}

/** @param options read when a command asks, since they are parsed after this is made */
export function makeCli(options: () => GlobalOptions, exit: (code: number) => void): Cli {
  const { stdout, stderr, env } = process;
  return {
    paint: paintFor(stdout, env),
    side: paintFor(stderr, env),
    out: (lines) => void stdout.write(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`),
    say: (line) => void stderr.write(`${line}\n`),
    json: (value) => void stdout.write(`${seenJson(JSON.stringify(value, null, 2))}\n`),
    home: () => homeAt(options().home ?? (env['RECIRCUIT_HOME'] || join(root, 'runs'))),
    again: () => `npx recircuit${options().home === undefined ? '' : ` --home ${JSON.stringify(options().home)}`}`,
    exit,
  };
}

/** @throws Refusal where something else than a folder lies there */
function homeAt(path: string): Home {
  const folder = resolve(path);
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  if (!statSync(there).isDirectory())
    throw new Refusal({
      code: 'no-home',
      what: `the home folder ${folder}`,
      why: `${there} is a file, and no folder`,
      instead: 'name a folder with --home or RECIRCUIT_HOME',
    });
  return {
    folder,
    runs: join(folder, 'runs.db'),
    artifacts: join(folder, 'artifacts'),
    checkpoints: join(folder, 'checkpoints.db'),
    search: join(folder, 'search.db'),
  };
}

/** Opens the record for reading while `work` runs. @throws Refusal no-record where nothing has run yet */
export async function reading<T>({ runs }: Home, work: (record: RunRecord) => T | Promise<T>): Promise<T> {
  const record = openRecord(runs, { readOnly: true });
  try {
    return await work(record);
  } finally {
    record.close();
  }
}

/** As `reading`, for questions to which "nothing has run yet" is an answer. */
export async function readingOr<T>(home: Home, none: T, work: (record: RunRecord) => T): Promise<T> {
  try {
    return await reading(home, work);
  } catch (error) {
    if (error instanceof Refusal && error.failure.code === 'no-record') return none;
    throw error;
  }
}

/** Returns the run of an id, of a unique beginning of one, or the run opened last for `latest`. @throws Refusal */
export function findRun(record: RunRecord, name: string): Run {
  const latest = name === 'latest' ? record.runs().at(-1) : undefined;
  return latest ?? record.findRun(name);
}
