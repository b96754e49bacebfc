/** `recircuit runs fork`: a new run that shares the steps of another up to one of them, and goes on by itself. */
import type { Command } from 'commander';
import { Refusal, type Step } from '../../../contract/index.ts';
import { openRecord } from '../../../store/index.ts';
import { type Cli, findRun, reading } from '../../cli.ts';
import { goOn, refuseLostFolder } from '../run.ts';

interface Options {
  readonly at: string;
  readonly planner?: string;
  readonly model?: string;
  readonly device?: string;
  readonly json?: boolean;
}

export function registerFork(runs: Command, cli: Cli): void {
  runs
    .command('fork')
    .description('Go on from a step of a run in a new run, which counts in no cell.')
    .argument('<run>', 'id of a run, the beginning of it, or `latest`')
    .requiredOption('--at <step>', 'the last step that both share: its number or its act, see `recircuit runs show`')
    .option('-p, --planner <name>', 'who decides from there on (default: as before)')
    .option('-m, --model <folder>', 'the folder again, for a run on a folder')
    .option('--device <device>', 'as in `recircuit run`')
    .option('--json', 'print the result as JSON')
    .action((run: string, options: Options) => fork(cli, run, options));
}

async function fork(cli: Cli, name: string, { at, planner, model, device, json }: Options): Promise<void> {
  await reading(cli.home(), () => undefined); // a record is not made in order to fork from it
  const home = cli.home();
  const record = openRecord(home.runs);
  try {
    const origin = findRun(record, name);
    refuseLostFolder(origin, model);
    const seq = seqOf(origin.run, record.steps(origin.run), at);
    const { plannerCalled } = await import('../../../job/index.ts');
    const { id, settings } = plannerCalled(planner ?? origin.planner);
    const run = record.fork(origin.run, seq, planner === undefined ? {} : { planner: id, planner_settings: settings });
    cli.say(`run ${run.run} shares ${seq} steps with ${origin.run}`);
    await goOn(cli, record, home, { run, model, device, json: json === true });
  } finally {
    record.close();
  }
}

function seqOf(run: string, steps: readonly Step[], at: string): number {
  const seq = /^\d+$/.test(at) ? Number(at) : steps.find(({ act }) => act === at)?.seq;
  if (seq !== undefined) return seq;
  throw new Refusal({
    code: 'unknown-step',
    what: `the step \`${at}\``,
    why: `run ${run} has no act of that name`,
    instead: `name one of \`recircuit runs show ${run}\``,
  });
}
