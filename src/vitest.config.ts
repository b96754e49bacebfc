/** How tests run: every test beside its code, in processes of their own, since native modules and child processes are the real thing here. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { root } from './root.ts';
import { SlowFirst } from './slow-first.ts';

export default defineConfig({
  root,
  test: {
    include: ['src/**/*.test.ts', 'agents/**/*.test.ts', 'tools/**/*.test.ts', 'evals/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/.venv/**', 'runs/**'],
    globalSetup: 'src/testing.ts',
    pool: 'forks',
    // A process keeps its modules from file to file: loading them anew took a tenth of the whole. So a test puts back what it changes.
    isolate: false,
    // Vitest leaves a core to itself; our tests wait for processes of their own most of the time, so one more than cores keeps those busy.
    maxWorkers: Math.min(availableParallelism() + 1, 4),
    sequence: { sequencer: SlowFirst },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default'],
  },
});
