/** `recircuit runs replay`: decides a run again from its record, and measures a sample of it anew. */
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT, type Run, type Step } from '../../../contract/index.ts';
import type { Change, Difference, Remeasured, Replayed } from '../../../replay/index.ts';
import { padEnd, safe, table } from '../../../report/index.ts';
import { workerPython } from '../../../worker/python.ts';
import type { Cli } from '../../cli.ts';
import { RUN_OR_FILE, readRecorded } from '../../recorded.ts';
import { seedOf } from '../../seeds.ts';

interface Options {
  readonly measure?: number | true;
  readonly seed?: number;
  readonly model?: string;
  readonly device?: string;
  readonly json?: boolean;
}

const MEASURED = 5;

export function registerReplay(runs: Command, cli: Cli): void {
  runs
    .command('replay')
    .description('Decide a run again from its record, without network, and report the first difference.')
    .argument('<run>', RUN_OR_FILE)
    .option('--measure [calls]', `also make so many of its tool calls again (default: ${MEASURED})`, countOf)
    .option('-s, --seed <number>', 'which calls are measured again (default: 0)', seedOf)
    .option('-m, --model <folder>', 'the folder again, for a run on a folder')
    .option('--device <device>', 'where to measure, as in `recircuit run`')
    .option('--json', 'print what was found as JSON')
    .action((run: string, options: Options) => replayRun(cli, run, options));
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d{1,4}$/.test(text) && count > 0) return count;
  throw new InvalidArgumentError('a number of calls is a whole number from 1 to 9999');
}

async function replayRun(cli: Cli, name: string, options: Options): Promise<void> {
  const { replay } = await import('../../../replay/index.ts');
  const recorded = await readRecorded<{ run: Run; steps: readonly Step[] }>(cli, name, {
    record: ({ run, steps }) => ({ run, steps }),
    file: ({ run, steps }) => ({ run, steps }),
  });
  const replayed = await replay(recorded.run, recorded.steps);
  const measured = options.measure === undefined ? null : await measureAgain(cli, recorded, options, options.measure);
  if (replayed.difference !== null || measured?.some((item) => item.class === 'different')) cli.exit(EXIT.differs);
  if (options.json) cli.json({ ...replayed, measured });
  else cli.out([...decisions(cli, replayed), ...(measured === null ? [] : measurements(cli, measured))]);
}

async function measureAgain(
  cli: Cli,
  recorded: { run: Run; steps: readonly Step[] },
  { seed = 0, model, device }: Options,
  count: number | true,
): Promise<Remeasured[]> {
  const { remeasure } = await import('../../../replay/index.ts');
  return remeasure({
    ...recorded,
    artifacts: cli.home().artifacts,
    python: workerPython(),
    count: count === true ? MEASURED : count,
    seed,
    model,
    device,
    onCall: (act) => cli.say(`measuring ${safe(act, 'line')} again`),
  });
}

const ASKED: Readonly<Record<Replayed['planner'], string>> = {
  'asked again': 'the planner was asked again',
  'from its replies': 'the planner read the recorded replies of its language model again',
  'from the record': "the planner's answers are those of the record",
};

function decisions({ paint }: Cli, { run, steps, of, planner, sealed, difference }: Replayed): string[] {
  const how = ASKED[planner];
  const head = `${safe(run, 'line')}: ${steps} of ${of} steps came out again; ${how}, and no socket was open`;
  if (difference !== null)
    return [
      head,
      paint.tone('fail', `first difference at ${differenceLine(difference)}`),
      ...changeLines(difference.changes),
    ];
  const end = sealed ? '' : '; the record ends there, before a seal';
  return [head, paint.tone('pass', `no difference${end}`)];
}

function differenceLine({ step, recorded, replayed, why }: Difference): string {
  const acts =
    recorded === replayed || replayed === null ? (recorded ?? '') : `${recorded ?? 'nothing'}, now ${replayed}`;
  return `step ${step} (${safe(acts, 'line')}): ${why}`;
}

const SHOWN = 5;
const WIDTH = 100;

/** The first few changes, each on a line: the path, what was, what is. */
export function changeLines(changes: readonly Change[]): string[] {
  const shown = changes.slice(0, SHOWN).map(({ path, before, after }) => {
    const [was, is] = [before, after].map((text) => (text === null ? 'nothing' : safe(text.slice(0, WIDTH), 'line')));
    return `    ${padEnd(safe(path, 'line'), 30)}  ${was}  ->  ${is}`;
  });
  return changes.length > SHOWN ? [...shown, `    and ${changes.length - SHOWN} more`] : shown;
}

const CLASS = { bitwise: 'bitwise equal', within: 'within interval', different: 'different' } as const;

function measurements({ paint }: Cli, measured: readonly Remeasured[]): string[] {
  const rows = measured.map(({ step, act, tool, deviation, interval, at, ...item }) => [
    String(step),
    safe(act, 'line'),
    tool,
    paint.tone(item.class === 'different' ? 'fail' : 'pass', CLASS[item.class]),
    deviation === null ? '' : deviation.toPrecision(2),
    `${interval.within.toPrecision(2)}, ${interval.by}`,
    safe(at.slice(0, WIDTH), 'line'),
  ]);
  const counts = Object.entries(CLASS).map(
    ([name, words]) => `${measured.filter((item) => item.class === name).length} ${words}`,
  );
  const other = [...new Set(measured.flatMap(({ conditions }) => conditions.map(({ path }) => path)))];
  return [
    '',
    `measured again in fresh workers: ${counts.join(', ')}`,
    ...(rows.length === 0
      ? []
      : table(['#step', 'act', 'tool', 'result', '#deviation', 'interval', 'where'], rows, paint)),
    ...(other.length === 0 ? [] : [paint.dim(`other conditions than then: ${safe(other.join(', '), 'line')}`)]),
  ];
}
