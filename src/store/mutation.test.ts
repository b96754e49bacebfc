/**
 * Every committed trajectory, mutated step by step: flipped, dropped, doubled, forged, swapped, cut off; by somebody who only edits the file, by
 * somebody who mends every hash that can be mended without the key, and by somebody who signs with another key, for whom alone the fingerprint is needed. All is found.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JournalEntry, type Run, type Step, sha256 } from '../contract/index.ts';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { contentHash, linkHash } from './chain.ts';
import { readTrajectory, verifyRecorded } from './index.ts';
import { type SigningKey, signingKey } from './signing.ts';

const folder = join(root, 'evals/trajectories');
const key = readFileSync(join(folder, 'key.txt'), 'utf8').trim();
const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
const linesOf = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');

const KINDS = ['flip', 'drop', 'insert', 'swap', 'truncate'] as const;
type Kind = (typeof KINDS)[number];

/** One bit of the line flipped, still ASCII, at a place that its own text decides. */
function flipped(line: string): string {
  const bytes = Buffer.from(line);
  const index = Number.parseInt(sha256(line).slice(0, 8), 16) % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes.toString();
}

/** @param lines of steps; @param at index of one of them */
const MUTATE: Readonly<Record<Kind, (lines: readonly string[], at: number) => string[]>> = {
  flip: (lines, at) => lines.with(at, flipped(lines[at] ?? '')),
  drop: (lines, at) => lines.toSpliced(at, 1),
  insert: (lines, at) => lines.toSpliced(at, 0, lines[at] ?? ''),
  swap: (lines, at) => lines.toSpliced(at, 2, lines[at + 1] ?? '', lines[at] ?? ''),
  truncate: (lines, at) => lines.slice(0, at),
};

/** Returns what is found, or null where the text cannot even be read as a run. */
function problemsIn(lines: readonly string[], asked?: string): string[] | null {
  try {
    const { recorded } = readTrajectory(lines.join('\n'));
    return verifyRecorded(recorded, { artifacts: null, key: asked }).problems.map(({ what }) => what);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

test.each(names)('%s as it is committed is sound and signed', (name) => {
  expect(problemsIn(linesOf(name), key)).toEqual([]);
});

describe.each(KINDS)('%s each step', (kind) => {
  test.each(names)('of %s', (name) => {
    const lines = linesOf(name);
    const steps = lines.flatMap((line, index) => (line.startsWith('{"run":"') ? [index] : []));
    const missed = steps.filter((at, index) => {
      if (kind === 'swap' && index === steps.length - 1) return false;
      return problemsIn(MUTATE[kind](lines, at))?.length === 0;
    });
    expect(steps.length).toBeGreaterThan(10);
    expect(missed).toEqual([]);
  });
});

interface Parts {
  readonly run: Run;
  readonly steps: readonly Step[];
  readonly entry: JournalEntry;
}

/** Makes everything fit again that fits without the key; with a key of one's own, the journal too. */
function mended({ run, steps, entry }: Parts, forger: SigningKey | null): string[] {
  const chain: Step[] = [];
  for (const { act, at, body } of steps) {
    const whole = body.kind === 'sealed' ? { ...body, steps: steps.length } : body;
    const step = { run: run.run, seq: chain.length + 1, act, at, body: whole };
    const text = canonicalJson(whole);
    const hash = linkHash({ ...step, body: text, previous: chain.at(-1)?.hash ?? null });
    chain.push({ ...step, content: contentHash(act, text), hash });
  }
  const head = chain.at(-1)?.hash ?? run.head ?? '';
  const told = { ...entry, body: { ...entry.body, head, steps: chain.length } };
  return [
    { run: { ...run, head, steps: chain.length } },
    ...chain,
    { journal: forger === null ? entry : signed(told, forger) },
  ].map((line) => JSON.stringify(line));
}

function signed({ seq, at, body, previous }: Omit<JournalEntry, 'key'>, forger: SigningKey): JournalEntry {
  const text = canonicalJson({ seq, at, body, previous, key: forger.key });
  return { seq, at, body, previous, key: forger.key, hash: sha256(text), signature: forger.sign(text) };
}

/** Text with its last letter or digit made another. */
const shifted = (text: string): string => text.replace(/[a-z0-8](?=[^a-z0-8]*$)/, (last) => (last === 'a' ? 'b' : 'a'));

/** The same five, on parsed steps. */
const FORGE: Readonly<Record<Kind, (steps: readonly Step[], at: number) => Step[]>> = {
  flip: (steps, at) => {
    const step = steps[at] as Step;
    const body = JSON.parse(JSON.stringify(step.body), (_, value: unknown) =>
      typeof value === 'string' ? shifted(value) : value,
    );
    return steps.with(at, { ...step, body: { ...body, kind: step.body.kind } });
  },
  drop: (steps, at) => steps.toSpliced(at, 1),
  insert: (steps, at) => steps.toSpliced(at, 0, { ...(steps[at] as Step), act: 'forged' }),
  swap: (steps, at) => steps.toSpliced(at, 2, steps[at + 1] as Step, steps[at] as Step),
  truncate: (steps, at) => steps.slice(0, at),
};

describe.each(['without a key', 'with another key'])('mended %s', (how) => {
  const forger = how === 'with another key' ? () => signingKey(join(temporaryFolder(), 'key.pem')) : () => null;
  test.each(['gave-up.jsonl', 'behaviour-absent.jsonl'])('each step of %s in all five ways', (name) => {
    const { run, steps, recorded } = readTrajectory(readFileSync(join(folder, name), 'utf8'));
    const row = recorded.journal.rows[0] as (typeof recorded.journal.rows)[number];
    const entry = { ...row, body: JSON.parse(row.body) } as JournalEntry;
    const by = forger();
    for (const kind of KINDS) {
      const missed = steps
        .slice(0, kind === 'swap' ? -1 : undefined)
        .filter(
          (_, at) =>
            problemsIn(mended({ run, steps: FORGE[kind](steps, at), entry }, by), by === null ? undefined : key)
              ?.length === 0,
        );
      expect(missed.map(({ act }) => `${kind} ${act}`)).toEqual([]);
    }
  });
});
