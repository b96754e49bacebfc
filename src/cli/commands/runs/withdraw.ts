/** `recircuit runs withdraw`: a run counts no more, for a reason that stands beside it; what rests on it is named. */
import { type Command, InvalidArgumentError } from 'commander';
import { safe, table } from '../../../report/index.ts';
import { type CellRow, cellOf, openRecord, type Resting, restingOn } from '../../../store/index.ts';
import { type Cli, findRun, reading } from '../../cli.ts';

interface Options {
  readonly because: string;
  readonly json?: boolean;
}

export function registerWithdraw(runs: Command, cli: Cli): void {
  runs
    .command('withdraw')
    .description('Take a sealed run out of the grid. It stays as it is, with the reason; this cannot be taken back.')
    .argument('<run>', 'id of a run, or the beginning of it')
    .requiredOption('--because <text>', 'why it counts no more; shown wherever the run is', reasonOf)
    .option('--json', 'print what rested on it as JSON')
    .action((run: string, options: Options) => withdraw(cli, run, options));
}

/** A reason that is kept: not empty, not endless. */
export function reasonOf(text: string): string {
  const reason = text.trim();
  if (reason !== '' && reason.length <= 4000) return reason;
  throw new InvalidArgumentError('a reason has 1 to 4000 characters');
}

async function withdraw(cli: Cli, name: string, { because, json }: Options): Promise<void> {
  await reading(cli.home(), () => undefined); // a record is not made in order to withdraw from it
  const record = openRecord(cli.home().runs);
  try {
    const found = findRun(record, name);
    const before = cellOf(record, found);
    const run = record.withdraw(found.run, because);
    const rests = restingOn(record, run);
    const cell = { before, after: cellOf(record, run) };
    if (json) cli.json({ run: run.run, because, cell, rests });
    else cli.out(lines(cli, { run: run.run, ...cell, rests }));
  } finally {
    record.close();
  }
}

interface Outcome {
  readonly run: string;
  readonly before: CellRow | null;
  readonly after: CellRow | null;
  readonly rests: readonly Resting[];
}

function lines({ paint }: Cli, { run, before, after, rests }: Outcome): string[] {
  const rows = rests.map(({ run: name, finding, model, how, claim, verdict }) => [
    name,
    finding,
    model,
    verdict ?? '',
    claim ? 'yes' : 'no',
    safe(how, 'line'),
  ]);
  const cell =
    before === null
      ? 'it stood in no cell: a forked run is no independent measurement'
      : `the cell of ${before.finding} on ${before.model} was ${inWords(before)} and is ${inWords(after)}`;
  return [
    `run ${run} is withdrawn: ${safe(cell, 'line')}`,
    ...(rows.length === 0
      ? ['no other run rests on it']
      : [
          'other runs rest on it; look at each, and withdraw it too where its claim falls:',
          ...table(['run', 'finding', 'model', 'verdict', 'claim', 'how'], rows, paint),
        ]),
  ];
}

function inWords(cell: CellRow | null): string {
  if (cell?.verdict == null) return 'empty, with the reason beside it';
  return `${cell.verdict} ${cell.agreeing}/${cell.runs}`;
}
