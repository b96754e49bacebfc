/** Runs a suite of evals/suites on the checkout that set-up made ready. */
import { root } from './paths.mjs';
import { runVisibly } from './run.mjs';
import { tool } from './tool.mjs';

/** Returns the suite's exit code. */
export function runSuite(name, args) {
  const [command, ...first] = tool.tsx();
  return runVisibly(command, [...first, `evals/suites/${name}.ts`, ...args], { cwd: root });
}
