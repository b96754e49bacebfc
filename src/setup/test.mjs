/** `npm test`: vitest, then pytest, one after the other, each on all cores; then one line with both counts. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsOfJunit } from './junit.mjs';
import { root, workerPython } from './paths.mjs';
import { runVisibly } from './run.mjs';
import { tool } from './tool.mjs';

/** Each holds torch and a model in memory. */
const MOST_PROCESSES = 4;

const pythonTests = join('tools', 'worker', 'tests');

/** Each runner: its command for a filter (null: nothing matches), and how its report is read. */
const runners = [
  {
    name: 'vitest',
    command: (filter) => [
      ...tool.vitest(),
      ...['run', '--config', 'src/vitest.config.ts', '--reporter=default'],
      `--reporter=${join(root, 'src', 'setup', 'count-reporter.mjs')}`,
      ...(filter.length > 0 ? ['--passWithNoTests', ...filter] : []),
    ],
    read: (text) => JSON.parse(text),
  },
  {
    name: 'pytest',
    command: (filter, report) => {
      const files = filter.length > 0 ? pythonFiles(filter) : [pythonTests];
      if (files.length === 0) return null;
      return [...tool.python(), '-m', 'pytest', '-q', '-rs', ...spread(files), `--junitxml=${report}`, ...files];
    },
    read: countsOfJunit,
  },
];

/** Each process of the tests imports torch first, which a file or two do not repay. */
function spread(files) {
  const processes = files.some((file) => !file.endsWith('.py')) ? Math.min(availableParallelism(), MOST_PROCESSES) : 0;
  return ['-n', String(processes)];
}

function pythonFiles(filter) {
  const files = readdirSync(join(root, pythonTests)).map((name) => join(pythonTests, name));
  return files.filter((file) => /test_\w+\.py$/.test(file) && filter.some((part) => file.includes(part)));
}

/**
 * Runs all tests, or those whose file name contains one of `filter`.
 * Returns 1 when a test failed, a runner crashed, or a runner that was asked for ran no test; else 0.
 */
export async function runTests(filter) {
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-tests-'));
  const outcomes = [];
  for (const runner of runners) outcomes.push(await runOne(runner, filter, join(folder, runner.name)));
  rmSync(folder, { recursive: true, force: true });
  return summarise(outcomes, filter.length > 0);
}

async function runOne({ name, command, read }, filter, report) {
  const line = command(filter, report);
  if (line === null) return { name, code: 0, counts: { passed: 0, failed: 0, skipped: [] } };
  process.stdout.write(`\n${name}\n`);
  const env = { ...process.env, RECIRCUIT_TEST_COUNTS: report, RECIRCUIT_WORKER_PYTHON: workerPython() };
  const code = await runVisibly(line[0], line.slice(1), { cwd: root, env });
  return { name, code, counts: existsSync(report) ? read(readFileSync(report, 'utf8')) : undefined };
}

/** Prints what was skipped, what crashed and the counts; returns the exit code. */
export function summarise(outcomes, filtered, print = (line) => process.stdout.write(`${line}\n`)) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  let sound = true;
  for (const { name, code, counts } of outcomes) {
    const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: [] };
    for (const skip of skipped) print(`skipped: ${skip.name}: ${skip.reason || 'no reason given'}`);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped.length;
    const complaint = complaintOf(code, counts, filtered);
    if (complaint) print(`${name} ${complaint}`);
    sound &&= complaint === '' && failed === 0;
  }
  if (filtered && total.passed + total.failed === 0) {
    print('no test matches the filter');
    sound = false;
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  print(`${total.passed} passed, ${total.failed} failed${skipped}`);
  return sound ? 0 : 1;
}

function complaintOf(code, counts, filtered) {
  if (!counts) return code === 0 && filtered ? '' : `crashed before it could report (exit code ${code})`;
  if (code !== 0 && counts.failed === 0) return `ended with exit code ${code} though no test failed`;
  if (!filtered && counts.passed + counts.failed === 0) return 'ran no test';
  return '';
}
