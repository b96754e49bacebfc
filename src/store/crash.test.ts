/** SIGKILL at any moment: the record opens, its chain is whole, and every step that was reported is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { openRecord, verifyRun } from './index.ts';
import { freshRecord, opened, openRun } from './testing.ts';

/** Appends from the first missing act on, reporting each sequence number on stdout once it is recorded. */
const WRITER = `
import { writeSync } from 'node:fs';
import { openRecord } from './src/store/index.ts';
const [file, run] = process.argv.slice(-2);
const record = openRecord(file);
record.acquire(run);
for (let index = 0; ; index += 1) {
  const body = { kind: 'gave-up', reason: 'reason '.repeat(index % 50) };
  writeSync(1, record.append(run, 'act-' + index, body).seq + '\\n');
}`;

/** Opens, judges and seals run after run, reporting how many. */
const SEALER = `
import { writeSync } from 'node:fs';
import { openRecord } from './src/store/index.ts';
import { judged, opened, openRun } from './src/store/testing.ts';
const record = openRecord(process.argv.at(-2));
for (let count = 1; ; count += 1) {
  const run = openRun(record);
  record.append(run.run, 'open', opened(run));
  record.append(run.run, 'verdict', judged('partial'));
  record.seal(run.run, 'partial');
  writeSync(1, count + '\\n');
}`;

/** Returns the last number that the script reported before it was killed. */
async function killed(script: string, file: string, run: string, ms: number): Promise<number> {
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, file, run];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let reported = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    reported += text;
  });
  await once(child.stdout, 'data'); // it writes: now kill it somewhere
  setTimeout(() => child.kill('SIGKILL'), ms);
  await once(child, 'close');
  return Number(reported.split('\n').at(-2));
}

test('twenty kills while steps are appended', { timeout: 180_000 }, async () => {
  const { record, file, artifacts } = freshRecord();
  const run = openRun(record);
  record.append(run.run, 'open', opened(run));
  record.close();
  let before = 1;
  for (let round = 0; round < 20; round += 1) {
    const reported = await killed(WRITER, file, run.run, 5 + round * 3);
    const after = openRecord(file);
    const { problems, steps } = verifyRun(after, run.run, { artifacts });
    expect(problems).toEqual([]);
    expect(steps).toBeGreaterThanOrEqual(Math.max(reported, before));
    after.acquire(run.run); // the dead writer holds nobody up
    after.release(run.run);
    after.close();
    before = steps;
  }
  const acts = openRecord(file)
    .steps(run.run)
    .map(({ act }) => act);
  expect(acts).toEqual(acts.map((_, index) => (index === 0 ? 'open' : `act-${index - 1}`)));
});

test('five kills while runs are sealed: each run is sealed whole or not at all', { timeout: 60_000 }, async () => {
  const { record, file, artifacts } = freshRecord();
  let reported = 0;
  for (let round = 0; round < 5; round += 1) reported += await killed(SEALER, file, '', 20 + round * 7);
  const sealed = record.runs({ state: 'sealed' });
  expect(sealed.length).toBeGreaterThanOrEqual(reported);
  expect(record.runs().length - sealed.length).toBeLessThanOrEqual(5);
  for (const { run } of record.runs()) expect(verifyRun(record, run, { artifacts }).problems).toEqual([]);
  expect(record.cells()[0]?.runs).toBe(sealed.length);
});
