/** SIGKILL at any moment: the record opens, its chain is whole, and every step that was reported is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { openRecord, verifyRun } from './index.ts';
import { freshRecord, openRun } from './testing.ts';

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

async function writeUntilKilled(file: string, run: string, ms: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', WRITER, file, run], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let reported = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    reported += text;
  });
  await once(child.stdout, 'data'); // it writes: now kill it somewhere
  setTimeout(() => child.kill('SIGKILL'), ms);
  await once(child, 'close');
  return Number(reported.split('\n').at(-2));
}

test('twenty kills', { timeout: 180_000 }, async () => {
  const { record, file, artifacts } = freshRecord();
  const { run } = openRun(record);
  record.close();
  let before = 0;
  for (let round = 0; round < 20; round += 1) {
    const reported = await writeUntilKilled(file, run, 5 + round * 3);
    const after = openRecord(file);
    const { problems, steps } = verifyRun(after, run, artifacts);
    expect(problems.filter(({ what }) => !what.includes('does not open the run'))).toEqual([]);
    expect(steps).toBeGreaterThanOrEqual(Math.max(reported, before));
    after.acquire(run); // the dead writer holds nobody up
    after.release(run);
    after.close();
    before = steps;
  }
  const whole = openRecord(file).steps(run);
  expect(whole.map(({ act }) => act)).toEqual(whole.map((_, index) => `act-${index}`));
});
