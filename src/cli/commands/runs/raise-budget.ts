/** `recircuit runs raise-budget`: a person lets a run spend more; who and why stands among its steps. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Budget } from '../../../contract/index.ts';
import { safe } from '../../../report/index.ts';
import { openRecord } from '../../../store/index.ts';
import { BUDGET_HELP, budgetOf } from '../../budget.ts';
import { type Cli, findRun, reading } from '../../cli.ts';
import { reasonOf } from './withdraw.ts';

interface Options {
  readonly budget: Budget;
  readonly because: string;
}

export function registerRaiseBudget(runs: Command, cli: Cli): void {
  runs
    .command('raise-budget')
    .description('Let a run that was stopped spend more. It goes on with `run --resume`.')
    .argument('<run>', 'id of a run, the beginning of it, or `latest`')
    .requiredOption('-b, --budget <limits>', `the new limits, ${BUDGET_HELP}; others stay`, budgetOf)
    .requiredOption('--because <text>', 'why; it stands in the record beside your user name', reasonOf)
    .action((run: string, options: Options) => raise(cli, run, options));
}

async function raise(cli: Cli, name: string, { budget, because }: Options): Promise<void> {
  await reading(cli.home(), () => undefined); // a record is not made in order to raise a budget in it
  const record = openRecord(cli.home().runs);
  try {
    const { run } = findRun(record, name);
    const step = record.raiseBudget(run, { limits: budget, by: userInfo().username, because });
    cli.out(
      `step ${step.seq} of run ${run} raises its budget; it goes on with \`${safe(cli.again(), 'line')} run --resume ${run}\``,
    );
  } finally {
    record.close();
  }
}
