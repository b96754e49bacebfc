/** `npm run check`: everything that can be said of the code without running its tests. Each row is run, whatever the others say. */
import { root } from './paths.mjs';
import { seconds } from './report.mjs';
import { runVisibly } from './run.mjs';
import { tool } from './tool.mjs';

const worker = 'tools/worker';

const checks = [
  { what: 'format and lint (biome)', run: () => [...tool.biome(), 'check', '--error-on-warnings'] },
  { what: 'types (tsc)', run: () => [...tool.tsc(), '-p', '.'] },
  { what: 'unused files and packages (knip)', run: () => tool.knip() },
  { what: 'generated files', run: () => [...tool.tsx(), 'src/generate/main.ts', '--check'] },
  {
    what: 'import rules',
    run: () => [...tool.vitest(), 'run', '--config', 'src/vitest.config.ts', 'src/layers.test.ts'],
  },
  { what: 'Python lint (ruff)', run: () => [...tool.python(), '-m', 'ruff', 'check', worker] },
  { what: 'Python format (ruff)', run: () => [...tool.python(), '-m', 'ruff', 'format', '--check', worker] },
];

/** Returns 0 when every check passes, else 1. */
export async function runChecks() {
  const results = [];
  for (const { what, run } of checks) {
    const begun = performance.now();
    process.stdout.write(`check: ${what}\n`);
    const [command, ...args] = run();
    results.push({ what, ok: (await runVisibly(command, args, { cwd: root })) === 0, took: seconds(begun) });
  }
  for (const { what, ok, took } of results) process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${what} (${took})\n`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** Writes the generated files. */
export function generate(args) {
  const [command, ...first] = tool.tsx();
  return runVisibly(command, [...first, 'src/generate/main.ts', ...args], { cwd: root });
}
