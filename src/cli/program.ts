/** Puts the commands together. Each command lives in a file of `commands/`; here stands only what holds for all of them. */
import { Command } from 'commander';
import { EXIT } from '../contract/index.ts';
import { safe } from '../report/index.ts';
import { type GlobalOptions, makeCli } from './cli.ts';
import { registerBehaviours } from './commands/behaviours.ts';
import { registerCalibrate } from './commands/calibrate.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerFindings } from './commands/findings.ts';
import { registerGrid } from './commands/grid.ts';
import { registerMcp } from './commands/mcp.ts';
import { registerModels } from './commands/models.ts';
import { registerReview } from './commands/review.ts';
import { registerRun } from './commands/run.ts';
import { registerRuns } from './commands/runs.ts';
import { registerStudy } from './commands/study.ts';
import { registerTools } from './commands/tools.ts';
import { explain } from './failure.ts';
import { version } from './version.ts';

const EXIT_WORDS: Record<keyof typeof EXIT, string> = {
  ok: 'done; every sealed verdict, also a negative one',
  fault: 'the machinery failed; a run can be resumed',
  usage: 'the words were not understood',
  refused: 'refused: the sentence says what to do instead',
  tampered: 'a record or artifact is not what was written',
  differs: 'what is recorded did not come out again',
  interrupted: 'stopped by a signal, or left by the person who decides; the run can be resumed',
};

const COMMANDS = [
  registerRun,
  registerRuns,
  registerReview,
  registerGrid,
  registerStudy,
  registerFindings,
  registerModels,
  registerTools,
  registerCalibrate,
  registerBehaviours,
  registerMcp,
  registerDoctor,
] as const;

/** Runs one command line. Contract: never throws; what went wrong is on stderr. */
export async function runProgram(words: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = new Command('recircuit');
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const cli = makeCli(options, (next) => {
    code = next;
  });
  describe(program, cli.paint.bold);
  for (const register of COMMANDS) register(program, cli);
  try {
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(words, { from: 'user' });
    return code;
  } catch (error) {
    const { code: failed, sentence } = explain(error);
    const trace = options().trace || process.env['RECIRCUIT_TRACE'] === '1';
    if (sentence !== '')
      cli.say(trace && error instanceof Error ? safe(error.stack ?? sentence, 'terminal') : `recircuit: ${sentence}`);
    return failed;
  }
}

function describe(program: Command, title: (text: string) => string): void {
  program
    .description('Reproduces published interpretability findings on new models, with verdicts that can be believed.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .option('--home <folder>', 'where runs are kept (default: RECIRCUIT_HOME, else runs/ of the checkout)')
    .option('--trace', 'on failure, print where it happened (also RECIRCUIT_TRACE=1)')
    .configureHelp({ styleTitle: title, sortSubcommands: false, showGlobalOptions: true })
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('afterAll', ['', title('Exit codes:'), ...exitLines()].join('\n'))
    .exitOverride();
}

function exitLines(): string[] {
  return Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padEnd(4)} ${EXIT_WORDS[name as keyof typeof EXIT]}`,
  );
}
