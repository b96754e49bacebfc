/** Writes a run for others: a page with figures, one JSON document, or a line for each step. */
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { Refusal, type Run } from '../contract/index.ts';
import { loadView, reportHtml } from '../report/index.ts';
import { type RunRecord, trajectoryText } from '../store/index.ts';

export const FORMATS = ['html', 'json', 'jsonl'] as const;
export type Format = (typeof FORMATS)[number];

export function formatOf(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (format === undefined) throw new InvalidArgumentError(`the formats are ${FORMATS.join(', ')}`);
  return format;
}

interface Export {
  readonly record: RunRecord;
  readonly run: Run;
  readonly artifacts: string;
  readonly format: Format;
  readonly out: string | undefined;
}

/** Returns the file that was written, or null for stdout. @throws Refusal where the file cannot be written */
export function write({ record, run, artifacts, format, out }: Export): string | null {
  const text = FORMATTERS[format](record, run, artifacts);
  if (out === '-') {
    process.stdout.write(text);
    return null;
  }
  const file = resolve(out ?? `${run.run}.${format}`);
  try {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw unwritable(file, error as Error);
  }
  return file;
}

const FORMATTERS: Record<Format, (record: RunRecord, run: Run, artifacts: string) => string> = {
  html: (record, run, artifacts) => reportHtml(loadView(record, run, artifacts)),
  json: (record, run) => `${JSON.stringify({ run, steps: record.steps(run.run) }, null, 2)}\n`,
  jsonl: (record, run) => trajectoryText(record, run),
};

function unwritable(file: string, error: Error): Refusal {
  const why = error.message.replace(/, \w+ '.*$/, '');
  return new Refusal(
    { code: 'cannot-write', what: `${file} cannot be written`, why, instead: 'name another file with --out' },
    { cause: error },
  );
}
