/** What can be asked of set-up: each verb makes the checkout ready and then works. Returns by setting the exit code. */
import { ensureSetup } from './ensure.mjs';
import { SetupError } from './report.mjs';

/** What `npm start` shows: the first finding reproduced on a model of another architecture. */
const FIRST_RUN = ['run', 'function-vector-heads', '--model', 'icl-gemma2'];

// Imported when asked for: some of them need what set-up installs.
const verbs = {
  start: async (args) => (await import('./cli.mjs')).runCli(args.length > 0 ? args : FIRST_RUN),
  cli: async (args) => (await import('./cli.mjs')).runCli(args),
  test: async (args) => (await import('./test.mjs')).runTests(args),
  check: async () => (await import('./check.mjs')).runChecks(),
  generate: async (args) => (await import('./check.mjs')).generate(args),
  bench: async (args) => (await import('./bench.mjs')).runBenchmarks(args),
  suite: async ([name, ...args]) => (await import('./suite.mjs')).runSuite(name, args),
  setup: async () => 0,
};

export async function runVerb(verb, args) {
  try {
    const work = verbs[verb];
    if (!work) throw new SetupError(`there is no verb \`${verb}\`: use one of ${Object.keys(verbs).join(', ')}.`);
    await ensureSetup();
    process.exitCode = await work(args);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
