/** `recircuit grid fill`: runs what the grid lacks, one run after another, after it has said what that will cost. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { EXIT, Fault, Refusal, type Run } from '../../contract/index.ts';
import { gridOf, type Lacking, missingIn } from '../../grid/index.ts';
import {
  loadBehaviour,
  loadModelCard,
  loadModelCards,
  loadProtocol,
  loadProtocols,
  taskNames,
} from '../../protocol/index.ts';
import { duration, gridLines, number, safe, table } from '../../report/index.ts';
import { root } from '../../root.ts';
import { openRecord, type RunRecord } from '../../store/index.ts';
import { workerPython } from '../../worker/index.ts';
import type { Cli, Home } from '../cli.ts';
import { plannedCost } from '../estimate.ts';
import { logIn } from '../log.ts';
import { RunProgress } from '../run-progress.ts';
import { seedsOf } from '../seeds.ts';

interface Options {
  readonly finding?: string[];
  readonly model?: string[];
  readonly seeds: number;
  readonly device?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const PLANNER = 'scripted';

export function registerGridFill(grid: Command, cli: Cli): void {
  grid
    .command('fill')
    .description('Run what the grid lacks, one run after another; what was cut off goes on, what is there is kept.')
    .option('-f, --finding <name...>', 'only these findings (default: all)')
    .option('-m, --model <name...>', 'these models (default: the organisms that lie here)')
    .option('-n, --seeds <number>', 'runs for each cell, with seeds from 0', seedsOf, 1)
    .option('--device <device>', 'as of `recircuit run`')
    .option('-y, --yes', 'do not ask before it begins')
    .option('--json', 'print the runs as JSON')
    .action((options: Options) => fill(cli, options));
}

async function fill(cli: Cli, options: Options): Promise<void> {
  const findings = once(options.finding?.map((name) => loadProtocol(name).finding) ?? [...loadProtocols().keys()]);
  const models = once(options.model?.map((name) => loadModelCard(name).model) ?? organismsHere());
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const record = openRecord(home.runs);
  try {
    const wanted = { findings, models, seeds: options.seeds, planner: PLANNER };
    const { lacking, there } = missingIn(record, gridOf(record).cells, wanted);
    cli.say(`${there} of ${there + lacking.length} runs are there already.`);
    const done: Run[] = [];
    if (lacking.length > 0) {
      for (const line of costLines(cli, record, lacking)) cli.say(line);
      await confirm(cli, lacking.length, options.yes === true);
      await runAll(cli, record, home, lacking, options.device, done);
    }
    if (options.json) cli.json({ there, runs: done.map(({ protocol: _, ...run }) => run) });
    else cli.out(gridLines(gridOf(record), cli.paint));
  } finally {
    record.close();
  }
}

/** A name that is given twice is one cell. */
const once = (names: readonly string[]): string[] => [...new Set(names)];

function organismsHere(): string[] {
  return [...loadModelCards()].flatMap(([model, { where }]) =>
    where.kind === 'organism' && existsSync(join(root, where.folder, 'config.json')) ? [model] : [],
  );
}

function costLines(cli: Cli, record: RunRecord, lacking: readonly Lacking[]): string[] {
  const organisms = new Set(
    [...loadModelCards()].flatMap(([model, { where }]) => (where.kind === 'organism' ? model : [])),
  );
  const rows = lacking.map((item) => {
    const protocol = loadProtocol(item.finding);
    const tasks = taskNames(loadBehaviour(protocol.behaviour)).length;
    const { forwards, rows } = plannedCost(protocol, tasks, loadModelCard(item.model).expect);
    return { item, forwards, rows, seconds: tookBefore(record, item, organisms) };
  });
  const time = (seconds: number | null): string => (seconds === null ? '–' : duration(seconds));
  const note = ({ begun, because }: Lacking): string => (begun === null ? because : `goes on with ${begun}`);
  const total = rows.reduce((sum, row) => sum + row.forwards, 0);
  const known = rows.every(({ seconds }) => seconds !== null);
  const all = rows.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  return [
    ...table(
      ['finding', 'model', '#seed', '#passes', '#patched rows', '#before it took', 'note'],
      rows.map(({ item, forwards, rows: patched, seconds }) => [
        item.finding,
        item.model,
        String(item.seed),
        number(forwards),
        number(patched),
        time(seconds),
        safe(note(item), 'line'),
      ]),
      cli.side,
    ),
    `At most ${number(total)} passes over a prompt in ${count(lacking.length)}, where every task passes the gate; ${
      known ? `about ${duration(all)}, going by earlier runs` : 'how long, earlier runs cannot tell'
    }.`,
  ];
}

/**
 * Seconds that the last such run took that was made here in one go: of this model, else, since organisms are all small, of another
 * organism if it is one. Null where there is none.
 */
function tookBefore(record: RunRecord, { finding, model }: Lacking, organisms: ReadonlySet<string>): number | null {
  const sealed = record
    .list({ finding, state: 'sealed' })
    .filter(({ origin, imported }) => origin === null && imported === null);
  const inOneGo = ({ run }: Pick<Run, 'run'>): boolean =>
    !record.steps(run).some(({ body }) => body.kind === 'resumed');
  const last =
    sealed.findLast((run) => run.model === model && inOneGo(run)) ??
    (organisms.has(model) ? sealed.findLast((run) => organisms.has(run.model) && inOneGo(run)) : undefined);
  if (last === undefined || last.ended_at === null) return null;
  return (Date.parse(last.ended_at) - Date.parse(last.opened_at)) / 1000;
}

const count = (runs: number): string => (runs === 1 ? '1 run' : `${runs} runs`);

async function confirm(cli: Cli, runs: number, yes: boolean): Promise<void> {
  if (yes) return;
  const refused = (why: string): Refusal =>
    new Refusal({ code: 'not-confirmed', what: `${count(runs)} not begun`, why, instead: 'add --yes to begin' });
  if (!process.stdin.isTTY) throw refused('standard input is no terminal, so nobody could be asked');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(cli.side.bold('Begin? [y/N] '));
    if (!/^y(es)?$/i.test(answer.trim())) throw refused('the answer was not yes');
  } finally {
    terminal.close();
  }
}

/** A run that fails leaves its cell empty, and the next one is begun; a signal ends them all. */
async function runAll(
  cli: Cli,
  record: RunRecord,
  home: Home,
  lacking: readonly Lacking[],
  device: string | undefined,
  done: Run[],
): Promise<void> {
  for (const [index, item] of lacking.entries()) {
    cli.say(`${item.finding} on ${item.model}, seed ${item.seed} (${index + 1} of ${lacking.length})`);
    try {
      const run = await oneRun(cli, record, home, item, device);
      done.push(run);
      if (run.state === 'cancelled') {
        cli.exit(EXIT.interrupted);
        return;
      }
      if (run.state === 'sealed') continue;
      cli.say(`recircuit: run ${run.run} is ${run.state}: ${safe(run.note, 'line')}`);
      cli.exit(EXIT.fault);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof Fault)) throw error;
      cli.say(`recircuit: ${safe(error.message, 'line')}`);
      cli.exit(error instanceof Refusal ? EXIT.refused : EXIT.fault);
    }
  }
}

async function oneRun(
  cli: Cli,
  record: RunRecord,
  home: Home,
  item: Lacking,
  device: string | undefined,
): Promise<Run> {
  const { runJob } = await import('../../job/index.ts');
  const protocol = loadProtocol(item.finding);
  const earlier = item.begun === null ? [] : record.steps(item.begun);
  const progress = new RunProgress(cli, protocol, taskNames(loadBehaviour(protocol.behaviour)).length, earlier);
  const means = {
    record,
    artifacts: home.artifacts,
    checkpoints: home.checkpoints,
    python: workerPython(),
    log: logIn(home),
    device,
    onEvent: progress.onEvent,
  };
  const fresh = { finding: item.finding, model: item.model, planner: PLANNER, seed: item.seed };
  try {
    if (item.begun === null) return await runJob({ ...means, ...fresh });
    const resumed = await runJob({ ...means, run: item.begun });
    if (resumed.state !== 'faulted') return resumed;
    cli.say(`Run ${resumed.run} cannot go on, so a new one is begun: ${safe(resumed.note, 'line')}`);
    return await runJob({ ...means, ...fresh });
  } finally {
    progress.end();
  }
}
