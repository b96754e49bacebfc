/** Writes a run for others: a page with figures, data of ours, or what other programs read. */
import { renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Refusal, seenJson } from '../contract/index.ts';
import { inspectLog, inspectName, jsonl, otlp, type Source, sft } from '../export/index.ts';
import { loadView, reportHtml } from '../report/index.ts';
import type { RunRecord } from '../store/index.ts';
import type { Format } from './formats.ts';

interface Written {
  readonly data: string | Buffer;
  /** In a sentence each, what is not in it. */
  readonly left_out?: readonly string[];
}

interface Formatter {
  /** The file where none is named. */
  readonly name: (run: Source['run']) => string;
  readonly write: (source: Source, record: RunRecord) => Written;
}

const FORMATTERS: Readonly<Record<Format, Formatter>> = {
  html: {
    name: ({ run }) => `${run}.html`,
    write: ({ run, artifacts }, record) => ({ data: reportHtml(loadView(record, run, artifacts)) }),
  },
  json: {
    name: ({ run }) => `${run}.json`,
    write: ({ run, steps }) => ({ data: `${JSON.stringify({ run, steps }, null, 2)}\n` }),
  },
  jsonl: {
    name: ({ run }) => `${run}.jsonl`,
    write: (source, record) => {
      const { text, left_out } = jsonl(record, source);
      return { data: text, left_out };
    },
  },
  inspect: {
    name: inspectName,
    write: (source) => {
      const { bytes, left_out } = inspectLog(source);
      return { data: bytes, left_out };
    },
  },
  otlp: { name: ({ run }) => `${run}.otlp.json`, write: ({ run, steps }) => ({ data: otlp(run, steps) }) },
  sft: { name: ({ run }) => `${run}.sft.jsonl`, write: ({ run, steps }) => ({ data: sft(run, steps) }) },
};

interface Export {
  readonly record: RunRecord;
  readonly run: Source['run'];
  readonly artifacts: string;
  readonly format: Format;
  readonly out: string | undefined;
}

/** Returns the file that was written, or null for stdout, and what could not be put into it. @throws Refusal where the file cannot be written */
export function write({ record, run, artifacts, format, out }: Export): {
  file: string | null;
  left_out: readonly string[];
} {
  const formatter = FORMATTERS[format];
  const { data, left_out = [] } = formatter.write({ run, steps: record.steps(run.run), artifacts }, record);
  if (out === '-') {
    // JSON spells what is not seen with escapes; a page holds none of it, and bytes are for no terminal.
    process.stdout.write(typeof data === 'string' && format !== 'html' ? seenJson(data) : data);
    return { file: null, left_out };
  }
  const file = resolve(out ?? formatter.name(run));
  try {
    writeFileSync(`${file}.part`, data);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw unwritable(file, error as Error);
  }
  return { file, left_out };
}

function unwritable(file: string, error: Error): Refusal {
  const why = error.message.replace(/, \w+ '.*$/, '');
  return new Refusal(
    { code: 'cannot-write', what: `${file} cannot be written`, why, instead: 'name another file with --out' },
    { cause: error },
  );
}
