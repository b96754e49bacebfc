/** What is done with recorded runs on the command line: replay, verify, diff, fork, withdraw. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../contract/index.ts';
import { buildTiny } from '../job/fixtures/tiny.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { type Ended, recircuits, recircuit as runOne } from './fixtures/processes.ts';

const folder = join(root, 'evals/trajectories');
const gaveUp = join(folder, 'gave-up.jsonl');
const key = readFileSync(join(folder, 'key.txt'), 'utf8').trim();
const home = freshHome();
const [first, second] = [recordRun(home), recordRun(home, 'Another statement.', 1)];
beforeAll(() => home.record.close());

const recircuit = (words: readonly string[], where = home.home) => runOne(words, where);

/** The trajectory with one word of its last tool result made another. */
function forged(): string {
  const file = join(temporaryFolder(), 'forged.jsonl');
  writeFileSync(file, readFileSync(gaveUp, 'utf8').replace('It is late.', 'It is time.'));
  return file;
}

describe('runs replay', () => {
  it.concurrent('of a file says that nothing differs, and 5 with the place where something does', async () => {
    const [good, bad, json] = await Promise.all([
      recircuit(['runs', 'replay', gaveUp]),
      recircuit(['runs', 'replay', forged()]),
      recircuit(['runs', 'replay', join(folder, 'behaviour-absent.jsonl'), '--json']),
    ]);
    expect(good).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining('no difference') });
    expect(bad).toMatchObject({ code: EXIT.differs, stdout: expect.stringContaining('first difference at step 7') });
    expect(JSON.parse(json.stdout)).toMatchObject({ difference: null, planner: 'asked again', measured: null });
  });

  const REFUSED = [
    [['runs', 'replay', 'none.jsonl'], EXIT.refused, /there is no such file/],
    [['runs', 'replay', join(folder, 'key.txt')], EXIT.refused, /no run of that id/],
    [['runs', 'replay', 'latest', '--measure', '0'], EXIT.usage, /whole number from 1/],
    [['runs', 'fork', 'latest', '--at', 'nowhere'], EXIT.refused, /has no act of that name/],
    [['runs', 'fork', 'latest', '--at', '3', '--planner', 'scriptd'], EXIT.refused, /did you mean scripted/],
    [['runs', 'fork', 'latest'], EXIT.usage, /--at/],
    [['runs', 'withdraw', 'latest'], EXIT.usage, /--because/],
    [['runs', 'raise-budget', 'latest', '-b', 'wall=2', '--because', 'r'], EXIT.usage, /wall is written as 90s/],
    [['runs', 'raise-budget', 'latest', '-b', 'wall=2h', '--because', 'r'], EXIT.refused, /its agent ended with/],
    [['runs', 'withdraw', 'latest', '--because', ' '], EXIT.usage, /1 to 4000 characters/],
  ] as const;
  let refused: readonly Ended[];
  beforeAll(async () => {
    refused = await recircuits(
      REFUSED.map(([words]) => words),
      home.home,
    );
  });

  it.each(REFUSED.map(([words, code, says], index) => [words.join(' '), code, says, index] as const))(
    '%s is refused in a sentence',
    (_, code, says, index) => {
      const ended = refused[index];
      expect(ended?.stderr).toMatch(says);
      expect(ended).toMatchObject({ code, stdout: '' });
      expect(ended?.stderr.split('\n')).toHaveLength(1);
    },
  );
});

describe('runs verify', () => {
  it.concurrent('of a file holds it against a key, and says what is not proven', async () => {
    const [good, other, bad] = await Promise.all([
      recircuit(['runs', 'verify', gaveUp, '--key', key.slice(0, 16)]),
      recircuit(['runs', 'verify', gaveUp, '--key', 'abcd']),
      recircuit(['runs', 'verify', forged()]),
    ]);
    expect(good).toMatchObject({ code: EXIT.ok, stdout: expect.stringMatching(/\(as asked\)\nNot proven:\n.*- /s) });
    expect(other).toMatchObject({ code: EXIT.tampered, stdout: expect.stringContaining('should be by abcd') });
    expect(bad.code).toBe(EXIT.tampered);
    expect(bad.stdout).toMatch(/^step 7: its act or body does not fit its content hash$/m);
  });
});

describe('runs diff', () => {
  it.concurrent('shows what differs, act by act', async () => {
    const words = ['runs', 'diff', first.run, second.run];
    const [drawn, json] = await Promise.all([recircuit(words), recircuit([...words, '--json'])]);
    expect(drawn.stdout).toMatch(/^~ +\d+ +\d+ {2}claim\n {4}claim\.statement +"Four.*-> {2}"Another/m);
    expect(drawn.stdout).toMatch(/\d+ of \d+ acts are the same in both$/);
    expect(JSON.parse(json.stdout).steps.find(({ act }: { act: string }) => act === 'claim').status).toBe('changed');
  });
});

it('a withdrawn run says so wherever it is shown, and counts no more', async () => {
  const because = 'the word list had doubles \u001b[2J';
  const done = await recircuit(['runs', 'withdraw', first.run, '--because', because]);
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('was reproduced 2/2 and is reproduced 1/1') });
  expect(done.stdout).toContain('no other run rests on it');
  expect(await recircuit(['runs', 'withdraw', first.run, '--because', because])).toMatchObject({ code: EXIT.refused });
  const places = [
    ['grid'],
    ['runs', 'show', first.run],
    ['run', '--resume', first.run],
    ['runs'],
    ['runs', 'verify', first.run],
  ];
  const [grid, show, page, list, verified] = await Promise.all(places.map((words) => recircuit(words)));
  for (const shown of [grid, show, page]) {
    expect(shown?.stdout).toMatch(/the word list\s+had doubles/);
    expect(shown?.stdout).not.toContain('\u001b');
  }
  expect(list?.stdout).toContain('withdrawn (reproduced)');
  expect(grid?.stdout).toMatch(/icl-gemma2 ° +\(✓\), 1 withdrawn/);
  expect(verified).toMatchObject({ code: 0 });
});

it('a fork goes on from a step to a verdict of its own, verifies, replays, and counts in no cell', async () => {
  const place = temporaryFolder();
  const model = join(place, 'tiny-llama');
  await buildTiny('llama', model);
  const at = join(place, 'home');
  expect((await recircuit(['run', 'function-vector-heads', '--model', model], at)).code).toBe(0);
  expect(await recircuit(['runs', 'fork', 'latest', '--at', '3'], at)).toMatchObject({ code: EXIT.usage });
  const forked = await recircuit(['runs', 'fork', 'latest', '--at', 'facts/search', '--model', model], at);
  expect(forked.code, forked.stderr).toBe(0);
  expect(forked.stderr).toContain('shares 2 steps with');
  const runs = JSON.parse((await recircuit(['runs', '--json'], at)).stdout);
  expect(runs).toMatchObject([{ origin: null }, { origin: runs[0].run, state: 'sealed', verdict: 'behaviour-absent' }]);
  expect(JSON.parse((await recircuit(['grid', '--json'], at)).stdout).cells).toMatchObject([{ runs: 1 }]);
  expect(await recircuit(['runs', 'verify', 'latest'], at)).toMatchObject({ code: 0 });
  expect(await recircuit(['runs', 'replay', 'latest', '--measure', '1', '--model', model], at)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 bitwise equal'),
  });
}, 300_000);
