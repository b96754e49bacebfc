/** A grid that goes to another record and comes back: whole, or not at all; and what a withdrawal does to it. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, type RunEvidence, sha256 as sha } from '../contract/index.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { openRecord, signingKey } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { evidenceIn } from './evidence.ts';
import { circuitOf, gridOf, gridOfBundle, importGrid, publishGrid } from './index.ts';

const OTHER_KEY = join(temporaryFolder(), 'other.pem');
/** Does it as a machine with another key would. */
function elsewhere<T>(work: () => T): T {
  const own = process.env['RECIRCUIT_KEY_FILE'];
  process.env['RECIRCUIT_KEY_FILE'] = OTHER_KEY;
  try {
    return work();
  } finally {
    process.env['RECIRCUIT_KEY_FILE'] = own;
  }
}

const home = freshHome();
const runs = [recordRun(home, 'a', 0), recordRun(home, 'b', 1)];
const bundle = join(temporaryFolder(), 'bundle');
const signer = publishGrid(home.record, bundle).signer;
const empty = () => openRecord(join(temporaryFolder(), 'runs.db'));

/** A copy that a test may spoil. */
function copy(): string {
  const folder = join(temporaryFolder(), 'copy');
  cpSync(bundle, folder, { recursive: true });
  return folder;
}
const runFile = (folder: string): string => join(folder, 'runs', `${runs[0]?.run}.json`);

/** Puts a link in the place of a file, to the very bytes that were there. */
function linked(folder: string): void {
  rmSync(runFile(folder));
  symlinkSync(runFile(bundle), runFile(folder));
}

/** Signs the index again, as someone with a key of his own could. */
function signAgain(folder: string, change: (index: Record<string, unknown>) => void): void {
  const index = JSON.parse(readFileSync(join(folder, 'grid.json'), 'utf8')) as Record<string, unknown>;
  change(index);
  const text = `${JSON.stringify(JSON.parse(canonicalJson(index)), null, 1)}\n`;
  writeFileSync(join(folder, 'grid.json'), text);
  writeFileSync(join(folder, 'grid.sig'), `${signingKey().sign(text)}\n`);
}

describe('a bundle', () => {
  it('gives an empty record the same grid, whose cells say who signed them', () => {
    const record = empty();
    const { added, conflicts } = elsewhere(() => importGrid(record, bundle, signer.slice(0, 16)));
    expect({ added, conflicts }).toEqual({ added: 2, conflicts: [] });
    const without = (cells: ReturnType<typeof gridOf>['cells']) => cells.map(({ signed_by: _, ...cell }) => cell);
    expect(without(gridOf(record).cells)).toEqual(without(gridOf(home.record).cells));
    expect(gridOf(record).cells[0]).toMatchObject({ runs: 2, signed_by: signer, agreement: { pairs: 1, share: 1 } });
    expect(gridOfBundle(bundle)).toEqual(gridOf(home.record));
    expect(elsewhere(() => importGrid(record, bundle, undefined)).added).toBe(0);
    expect(record.cells()).toEqual([]);
  });

  it('is the same bytes when it is published again, and keeps nothing of an earlier grid', () => {
    const folder = copy();
    writeFileSync(join(folder, 'runs', '01ARZ3NDEKTSV4RRFFQ69G5FAV.json'), '{}');
    publishGrid(home.record, folder);
    expect(readdirSync(join(folder, 'runs'))).toEqual(readdirSync(join(bundle, 'runs')));
    for (const name of ['grid.json', 'grid.sig', 'cells.json'])
      expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(bundle, name), 'utf8'));
    expect(() => publishGrid(home.record, home.home)).toThrow('it holds other files');
  });

  it('comes back into its own record as nothing new', () => {
    importGrid(home.record, bundle, undefined);
    expect(gridOf(home.record).cells).toHaveLength(1);
  });

  it.each<[string, (folder: string) => void, string]>([
    [
      'one byte of a run',
      (f) => writeFileSync(runFile(f), readFileSync(runFile(f), 'utf8').replace('"seed": 0', '"seed": 7')),
      'is not what was signed',
    ],
    ['one byte of the cells', (f) => appendFileSync(join(f, 'cells.json'), ' '), 'cells.json is not what was signed'],
    [
      'one byte of the index',
      (f) => appendFileSync(join(f, 'grid.json'), ' '),
      'the signature is not that of its index',
    ],
    [
      'half an index',
      (f) => writeFileSync(join(f, 'grid.json'), readFileSync(join(f, 'grid.json'), 'utf8').slice(0, 200)),
      'is no index of a grid',
    ],
    ['a run that is gone', (f) => rmSync(runFile(f)), 'is missing'],
    ['all runs gone', (f) => rmSync(join(f, 'runs'), { recursive: true }), 'is missing'],
    ['a run that was added', (f) => writeFileSync(join(f, 'runs', 'x.json'), '{}'), 'runs/x.json is not in its index'],
    ['a link', linked, 'is no plain file'],
    ['no signature', (f) => rmSync(join(f, 'grid.sig')), 'grid.sig is missing'],
    ['no index', (f) => rmSync(join(f, 'grid.json')), 'it holds no grid.json'],
    ['no folder', (f) => rmSync(f, { recursive: true }), 'there is no such folder'],
    [
      'a newer version',
      (f) => signAgain(f, (index) => Object.assign(index, { version: 2 })),
      'it has version 2, and this program knows 1',
    ],
    [
      'a path out of it',
      (f) => signAgain(f, (index) => Object.assign(index['files'] as object, { '../x.json': 'a'.repeat(64) })),
      'does not have the form of one',
    ],
  ])('with %s is refused, and nothing of it is taken in', (_name, spoil, why) => {
    const folder = copy();
    spoil(folder);
    const record = empty();
    expect(() => importGrid(record, folder, signer)).toThrow(why);
    expect(record.shared()).toEqual([]);
  });

  it('is not written where there is nothing to publish, over an earlier one least of all', () => {
    const folder = copy();
    expect(() => publishGrid(empty(), folder)).toThrow('holds no sealed run of its own');
    expect(readFileSync(join(folder, 'grid.sig'), 'utf8')).toBe(readFileSync(join(bundle, 'grid.sig'), 'utf8'));
  });

  it('of a key that nobody named is refused', () => {
    const record = empty();
    expect(() => elsewhere(() => importGrid(record, bundle, undefined))).toThrow(
      /signed by key [0-9a-f]{64}, which nothing/,
    );
    const other = (): unknown => elsewhere(() => importGrid(record, bundle, 'f'.repeat(16)));
    expect(other).toThrow('and not by the one that was named');
    elsewhere(() => importGrid(record, bundle, signer));
    expect(other).toThrow('and not by the one that was named');
  });

  it('that someone signed again with a key of his own cannot carry the runs of another', () => {
    const folder = copy();
    elsewhere(() => {
      signAgain(folder, (index) => Object.assign(index, { key: signingKey().key }));
      expect(() => importGrid(empty(), folder, undefined)).toThrow('is of another run or another key');
    });
  });

  it('with another run of an id that the record holds is refused', () => {
    const there = freshHome();
    recordRun(there, 'a', 0);
    const own = there.record.createRun({ ...(runs[0] as (typeof runs)[0]), seed: 9 });
    expect(own.run).toBe(runs[0]?.run);
    expect(() => importGrid(there.record, bundle, undefined)).toThrow('the record holds another run of that id');
    expect(there.record.shared()).toEqual([]);
  });

  it('with another verdict than was sealed is refused, even under the right key', () => {
    const folder = copy();
    const evidence = JSON.parse(readFileSync(runFile(folder), 'utf8')) as RunEvidence;
    const text = JSON.stringify({ ...evidence, verdict: { ...evidence.verdict, verdict: 'partial' } });
    writeFileSync(runFile(folder), text);
    signAgain(folder, (index) => {
      const files = index['files'] as Record<string, string>;
      files[`runs/${evidence.run}.json`] = sha(text);
    });
    expect(() => importGrid(empty(), folder, undefined)).toThrow('another verdict or time than its sealing');
  });
});

describe('a conflict', () => {
  it('is shown, and both cells stay', () => {
    const theirs = elsewhere(() => {
      const other = freshHome();
      const run = recordRun(other, 'a', 5);
      other.record.withdraw(run.run, 'the prompts were wrong');
      const folder = join(temporaryFolder(), 'theirs');
      const { signer: key } = publishGrid(other.record, folder);
      return { folder, key };
    });
    const { conflicts } = importGrid(home.record, theirs.folder, theirs.key);
    expect(conflicts).toMatchObject([{ model: 'icl-gemma2', theirs: 'withdrawn' }]);
    expect(gridOf(home.record).cells.map(({ signed_by, verdict }) => [signed_by === null, verdict])).toEqual([
      [true, expect.any(String)],
      [false, null],
    ]);
  });
});

describe('a withdrawal', () => {
  let there: ReturnType<typeof freshHome>;
  let told: string;
  let later: string;
  beforeAll(() => {
    there = freshHome();
    const first = recordRun(there, 'a', 0);
    // A second run, of another model, whose agent was told of the first cell.
    const run = there.record.createRun({ ...first, run: undefined as never, model: 'icl-llama', seed: 1 });
    told = run.run;
    const cells = [{ finding: first.finding, model: first.model, verdict: first.verdict as string, runs: 1 }];
    there.record.append(told, 'recalled', {
      kind: 'tool-call',
      phase: 'search',
      tool: 'recall_memory',
      input: {},
      serves: [],
      because: '',
    });
    there.record.append(told, 'recalled/result', {
      kind: 'tool-result',
      phase: 'search',
      call: 'recalled',
      tool: 'recall_memory',
      output: { cells },
      artifacts: [],
    });
    there.record.append(told, 'verdict', {
      kind: 'verdict',
      verdict: { verdict: 'partial', because: 'x', gate: null, criteria: [] },
    });
    there.record.seal(told, 'partial', there.artifacts);
    mkdirSync(there.artifacts, { recursive: true });
    later = recordRun(there, 'c', 2).run;
    there.record.withdraw(first.run, 'the prompts were wrong');
    there.record.withdraw(later, 'so were these');
  });

  it('reaches what was told of it, and not who was told before it was there', () => {
    const [first, second, third] = evidenceIn(there.record);
    expect([second?.run, third?.run]).toEqual([told, later]);
    expect(second?.rests_on).toEqual([first?.run]);
  });

  it('empties its cell and makes every cell stale that rests on it, at once, for every reader', () => {
    const reader = openRecord(join(there.home, 'runs.db'), { readOnly: true });
    for (const record of [there.record, reader]) {
      const [gone, resting] = gridOf(record).cells;
      expect(gone).toMatchObject({ model: 'icl-gemma2', verdict: null, runs: 0 });
      expect(resting).toMatchObject({ model: 'icl-llama', counted: [told] });
      expect(resting?.stale.join()).toContain('which was withdrawn');
    }
    reader.close();
  });

  it('takes its circuit out of every comparison', () => {
    const { finding, model } = there.record.run(later) as { finding: string; model: string };
    for (const name of [later, `${finding}@${model}`])
      expect(() => circuitOf(there.record, name, there.artifacts)).toThrow('it was withdrawn: so were these');
  });

  it('goes out with the bundle, and the cells that rest on it are stale there too', () => {
    const folder = join(temporaryFolder(), 'withdrawn');
    const { signer: key } = publishGrid(there.record, folder);
    const record = empty();
    elsewhere(() => importGrid(record, folder, key));
    const [gone, resting] = gridOf(record).cells;
    expect(gone?.withdrawn).toMatchObject([{ because: 'the prompts were wrong' }, { because: 'so were these' }]);
    expect(resting?.stale.join()).toContain('which was withdrawn');
    const name = `${resting?.finding}@${resting?.model}`;
    expect(() => circuitOf(record, name, there.artifacts)).toThrow('only another record measured it');
  });
});
