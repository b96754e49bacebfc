/**
 * The record against the real inspect-ai on the same content, in one run: first page, search, list, bytes on disk, and durable steps
 * a second. Every claim is a ratio of two times of this run. `npm run bench:record` writes evals/benchmarks/record.md and .json.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { root } from '../../src/root.ts';
import { inspectEnvironment } from './inspect/env.ts';
import { SHAPES } from './record/content.ts';
import { type Many, many, type Times, type Transcript, transcript } from './record/ours.ts';
import { holds, page } from './record/page.ts';

export interface Theirs {
  readonly version: string;
  readonly transcripts: Readonly<
    Record<string, { events: number; event_bytes: number; bytes: number; write: number; sample: Times }>
  >;
  readonly listing: Times;
  readonly headers: Times;
  readonly logs: number;
}

export interface Benchmark {
  readonly at: string;
  readonly machine: string;
  readonly ours: { readonly transcripts: Readonly<Record<string, Transcript>>; readonly many: Many };
  readonly theirs: Theirs;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function measured(runs: number, times: number): Promise<Benchmark> {
  const { python, reason } = await inspectEnvironment();
  if (python === undefined) throw new Error(reason);
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-record-'));
  process.env['RECIRCUIT_KEY_FILE'] = join(folder, 'signing-key.pem');
  try {
    say('recording the transcript with repeated history');
    const repeated = transcript(join(folder, 'repeated'), SHAPES.repeated, times);
    say('recording the transcript of unique text');
    const unique = transcript(join(folder, 'unique'), SHAPES.unique, times);
    say(`recording ${runs} short runs`);
    const short = many(join(folder, 'many'), SHAPES.short, runs, times);
    say('reading the same in inspect-ai');
    const input = JSON.stringify({
      transcripts: { repeated: repeated.log, unique: unique.log },
      folder: short.logs,
      times,
    });
    const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder };
    const { stdout } = await execa(python, [join(root, 'evals/suites/record/theirs.py')], { input, env });
    const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`;
    return {
      at: new Date().toISOString(),
      machine,
      ours: { transcripts: { repeated, unique }, many: short },
      theirs: JSON.parse(stdout) as Theirs,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1400' },
      times: { type: 'string', default: '5' },
      out: { type: 'string', default: join(root, 'evals/benchmarks') },
    },
  });
  const benchmark = await measured(Number(values.runs), Number(values.times));
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'record.json'), `${JSON.stringify(benchmark, null, 1)}\n`);
  writeFileSync(join(values.out, 'record.md'), page(benchmark));
  process.stdout.write(page(benchmark));
  process.exitCode = holds(benchmark) ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
