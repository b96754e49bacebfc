/** What `npm test` counts and when it fails, against reports of the real runners. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from './paths.mjs';

interface Counts {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
}

function evaluate(script: string): string {
  const args = ['--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { cwd: join(root, 'src', 'setup'), encoding: 'utf8' });
}

function summarise(outcomes: unknown[], filtered = false): string[] {
  const script = `
    import { summarise } from './test.mjs';
    console.log(summarise(${JSON.stringify(outcomes)}, ${filtered}));`;
  return evaluate(script).trim().split('\n');
}

const counts = (passed: number, failed: number, skipped: Counts['skipped'] = []): Counts => ({
  passed,
  failed,
  skipped,
});

test('both runners are summed; a skip is told with its reason', () => {
  const skip = { name: 'a.test.ts > gpu', reason: 'no GPU' };
  expect(
    summarise([
      { name: 'vitest', code: 0, counts: counts(5, 0, [skip]) },
      { name: 'pytest', code: 0, counts: counts(7, 0) },
    ]),
  ).toEqual(['skipped: a.test.ts > gpu: no GPU', '12 passed, 0 failed, 1 skipped', '0']);
});

test.each([
  ['a failed test', { code: 1, counts: counts(4, 1) }, '11 passed, 1 failed'],
  ['a crash before the report', { code: 139, counts: undefined }, '7 passed, 0 failed'],
  ['a crash after the report', { code: 1, counts: counts(5, 0) }, '12 passed, 0 failed'],
  ['no test at all', { code: 0, counts: counts(0, 0) }, '7 passed, 0 failed'],
])('%s fails the whole', (_, vitest, line) => {
  const pytest = { name: 'pytest', code: 0, counts: counts(7, 0) };
  expect(summarise([{ name: 'vitest', ...vitest }, pytest]).slice(-2)).toEqual([line, '1']);
});

test('with a filter one runner may have nothing to do, but not both', () => {
  const none = { name: 'vitest', code: 0, counts: counts(0, 0) };
  expect(summarise([none, { name: 'pytest', code: 0, counts: counts(2, 0) }], true)).toEqual([
    '2 passed, 0 failed',
    '0',
  ]);
  expect(summarise([none, { ...none, name: 'pytest' }], true).at(-1)).toBe('1');
});

test("the report of vitest's tests is counted, files that do not load included", () => {
  const folder = temporaryFolder();
  const vitest = join(root, 'node_modules/vitest');
  const head = `import { expect, test } from '${vitest}/dist/index.js';\n`;
  writeFileSync(join(folder, 'vitest.config.js'), 'export default {};');
  writeFileSync(
    join(folder, 'a.test.js'),
    `${head}test('good', () => {}); test('bad', () => expect(1).toBe(2));
    test('gpu', (context) => context.skip('no GPU'));`,
  );
  writeFileSync(join(folder, 'b.test.js'), 'throw new Error("cannot load");');
  const report = join(folder, 'counts.json');
  const args = ['run', '--root', folder, `--reporter=${join(root, 'src/setup/count-reporter.mjs')}`];
  const env = { ...process.env, RECIRCUIT_TEST_COUNTS: report };
  spawnSync(process.execPath, [join(vitest, 'vitest.mjs'), ...args], { env });
  expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual(
    counts(1, 2, [{ name: 'a.test.js > gpu', reason: 'no GPU' }]),
  );
});

test("pytest's report is counted, files that do not load included", () => {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'test_a.py'),
    'import pytest\n\ndef test_good(): pass\n\ndef test_bad(): assert 0, "<&>"\n\n' +
      '@pytest.mark.skip(reason="no GPU & no <time>")\ndef test_gpu(): pass\n',
  );
  writeFileSync(join(folder, 'test_b.py'), 'raise ValueError("cannot load")\n');
  const report = join(folder, 'junit.xml');
  spawnSync(workerPython(), ['-m', 'pytest', '-q', `--junitxml=${report}`, '--continue-on-collection-errors', folder], {
    cwd: folder,
  });
  const script = `
    import { readFileSync } from 'node:fs';
    import { countsOfJunit } from './junit.mjs';
    console.log(JSON.stringify(countsOfJunit(readFileSync(${JSON.stringify(report)}, 'utf8'))));`;
  expect(JSON.parse(evaluate(script))).toEqual(
    counts(1, 2, [{ name: 'test_a > test_gpu', reason: 'no GPU & no <time>' }]),
  );
});
