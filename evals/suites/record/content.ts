/**
 * What the benchmark records: transcripts of known size, made from a seed. Words are drawn by Zipf's law from invented ones, so that
 * text compresses about as prose does and no passage stands there twice.
 */
import { hashOf, type Protocol, type StepBody } from '../../../src/contract/index.ts';
import { loadProtocol } from '../../../src/protocol/index.ts';
import type { RunRecord } from '../../../src/store/index.ts';

export interface Shape {
  readonly name: string;
  /** Steps of each run, its opening, verdict and seal among them. */
  readonly steps: number;
  /** Characters of text in a step. */
  readonly text: number;
  /** search: an agent asks, so that a log of it repeats the conversation; verify: nobody does. */
  readonly phase: 'search' | 'verify';
}

/** A: 933 steps whose log repeats the history, 127 MB; B: 13,749 steps of unique text, 127 MB; C: one of many short runs. */
export const SHAPES = {
  repeated: { name: 'repeated history', steps: 935, text: 395, phase: 'search' },
  unique: { name: 'unique text', steps: 13_751, text: 8_960, phase: 'verify' },
  short: { name: 'short run', steps: 41, text: 400, phase: 'search' },
} as const satisfies Record<string, Shape>;

const VOCABULARY = 20_000;
const ZERO = '0'.repeat(64);

/** A small generator of pseudo-random numbers: equal seeds, equal text. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS = words();

function words(): string[] {
  const next = random(1);
  const syllables = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu an en in on un st tr pl ch sh'.split(
    ' ',
  );
  const made = new Set<string>();
  while (made.size < VOCABULARY) {
    const length = 1 + Math.floor(next() * 3.5);
    made.add(Array.from({ length }, () => syllables[Math.floor(next() * syllables.length)]).join(''));
  }
  return [...made];
}

/** The word of a rank: rank r as often as 1/r. */
const drawn = (next: () => number): string => WORDS[Math.floor(VOCABULARY ** next()) - 1] ?? '';

/** Text of about that many characters, with a number now and then. */
export function prose(next: () => number, characters: number): string {
  const parts: string[] = [];
  for (let length = 0; length < characters; length += (parts.at(-1)?.length ?? 0) + 1)
    parts.push(next() < 0.03 ? next().toFixed(4) : drawn(next));
  return parts.join(' ');
}

/** A word that stands in few steps, one in some and one in nearly all. */
export const SEARCHED = [0.999, 0.8, 0.3].map((place) => WORDS[Math.floor(VOCABULARY ** place) - 1] ?? '');

const protocol: Protocol = loadProtocol('function-vector-heads');

/** Records one run through the store as a job would, and seals it. Returns its id. */
export function record(into: RunRecord, { steps, text, phase }: Shape, seed: number): string {
  const next = random(seed + 2);
  const start = { finding: protocol.finding, model: `model-${seed % 40}`, planner: 'scripted', seed };
  const { run } = into.createRun({ ...start, protocol, protocol_sha256: hashOf(protocol) });
  const versions = { python: '3.11', torch: '2.13', transformers: '5.23', worker: '0.1.0' };
  const split_sha256 = { search: ZERO, 'held-out': ZERO };
  const opened: StepBody = { kind: 'opened', ...start, protocol_sha256: hashOf(protocol), split_sha256, versions };
  into.append(run, 'opened', opened);
  for (let n = 1; n <= (steps - 3) / 2; n += 1) {
    const call = `${phase === 'search' ? 'search' : 'verify'}/${String(n).padStart(4, '0')}-note`;
    const tool = 'measure_behaviour';
    const input = { seed: n };
    into.append(run, call, { kind: 'tool-call', phase, tool, input, serves: ['N1'], because: prose(next, text) });
    const output = { accuracy: next(), note: prose(next, text) };
    into.append(run, `${call}/result`, { kind: 'tool-result', phase, call, tool, output, artifacts: [] });
  }
  const verdict = next() < 0.5 ? 'reproduced' : 'not-reproduced';
  into.append(run, 'verdict', {
    kind: 'verdict',
    verdict: { verdict, because: prose(next, 60), gate: null, criteria: [] },
  });
  into.seal(run, verdict);
  return run;
}
