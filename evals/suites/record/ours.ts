/** The record's side: building the homes through the store, and the times and bytes that are compared. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectLog, inspectName } from '../../../src/export/index.ts';
import { openRecord, SearchIndex } from '../../../src/store/index.ts';
import { record, SEARCHED, type Shape } from './content.ts';

export interface Times {
  /** Seconds. */
  readonly median: number;
  readonly all: readonly number[];
}

export interface Transcript {
  readonly steps: number;
  /** Bytes of runs.db, and of the search index beside it. */
  readonly bytes: number;
  readonly index_bytes: number;
  readonly index: number;
  readonly page: Times;
  /** By what was searched. */
  readonly search: Readonly<Record<string, Times & { readonly steps: number }>>;
  /** The log that was made of it. */
  readonly log: string;
}

const PAGE = 50;
const HITS = 20;

function seconds(work: () => void, times: number): Times {
  const all = Array.from({ length: times }, () => {
    const begun = performance.now();
    work();
    return (performance.now() - begun) / 1000;
  });
  return { median: all.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0, all };
}

/** Records one transcript in a home of its own, makes its log for Inspect, and measures. */
export function transcript(folder: string, shape: Shape, times: number): Transcript {
  mkdirSync(folder);
  const file = join(folder, 'runs.db');
  const writer = openRecord(file);
  const run = record(writer, shape, 0);
  const log = join(folder, 'run.eval');
  const source = { run: writer.findRun(run), steps: writer.steps(run), artifacts: folder };
  writeFileSync(log, inspectLog(source).bytes);
  const index = new SearchIndex(join(folder, 'search.db'));
  const [made] = seconds(() => index.update(writer, run), 1).all;
  index.settle();
  index.close();
  writer.close();
  const page = seconds(() => opened(file, (reader) => reader.page(run, 1, PAGE)), times);
  const asked = [...SEARCHED.map((word) => [word]), SEARCHED.slice(1)];
  const search = asked.map((words) => {
    let steps = 0;
    const taken = seconds(() => {
      const found = new SearchIndex(join(folder, 'search.db'));
      opened(file, (reader) => {
        ({ steps } = found.find(reader, run, words, HITS));
      });
      found.close();
    }, times);
    return [words.join(' '), { ...taken, steps }] as const;
  });
  return {
    steps: source.steps.length,
    bytes: statSync(file).size,
    index_bytes: statSync(join(folder, 'search.db')).size,
    index: made ?? 0,
    page,
    search: Object.fromEntries(search),
    log,
  };
}

function opened(file: string, work: (reader: ReturnType<typeof openRecord>) => void): void {
  const reader = openRecord(file, { readOnly: true });
  work(reader);
  reader.close();
}

export interface Many {
  readonly runs: number;
  readonly steps: number;
  /** Each step durable before the next. */
  readonly steps_per_second: number;
  readonly list: Times;
  readonly bytes: number;
  readonly logs: string;
}

/** Records many short runs in one home, one after the other, and makes a log of each. */
export function many(folder: string, shape: Shape, runs: number, times: number): Many {
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true });
  const file = join(folder, 'runs.db');
  const writer = openRecord(file);
  const names: string[] = [];
  const taken = seconds(() => {
    for (let seed = 0; seed < runs; seed += 1) names.push(record(writer, shape, seed));
  }, 1);
  for (const name of names) {
    const source = { run: writer.findRun(name), steps: writer.steps(name), artifacts: folder };
    writeFileSync(join(logs, inspectName(source.run)), inspectLog(source).bytes);
  }
  writer.close();
  const list = seconds(() => opened(file, (reader) => reader.list()), times);
  const steps = runs * shape.steps;
  return { runs, steps, steps_per_second: steps / taken.median, list, bytes: statSync(file).size, logs };
}
