/** `recircuit run`: reproduces a finding on a model, or goes on with a run that was cut off, and shows the result. */
import { mkdirSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Budget, Engine, EXIT, Protocol, type Run, type Step } from '../../contract/index.ts';
import type { JobOptions } from '../../job/index.ts';
import { cardForFolder, loadBehaviour, loadModelCards, loadProtocol, taskNames } from '../../protocol/index.ts';
import { loadView, resultPage, safe } from '../../report/index.ts';
import { openRecord, type RunRecord } from '../../store/index.ts';
import { workerPython } from '../../worker/python.ts';
import { BUDGET_HELP, budgetOf } from '../budget.ts';
import { type Cli, findRun, type Home } from '../cli.ts';
import { UsageError } from '../failure.ts';
import { logIn } from '../log.ts';
import { RunProgress } from '../run-progress.ts';
import { seedOf } from '../seeds.ts';

interface Options {
  readonly model?: string;
  readonly seed: number;
  readonly planner: string;
  readonly resume?: string;
  readonly device?: string;
  readonly engine: Engine;
  readonly revision?: string;
  readonly budget?: Budget;
  readonly json?: boolean;
}

export function registerRun(program: Command, cli: Cli): void {
  program
    .command('run')
    .description('Reproduce a finding on a model and show the verdict.')
    .argument('[finding]', 'name of a finding, see `recircuit findings`')
    .option('-m, --model <name>', 'a model of `recircuit models`, or a folder that holds one')
    .option('-s, --seed <number>', 'seed of all pseudo-random choices', seedOf, 0)
    .option(
      '-p, --planner <name>',
      'who decides which experiment comes next: scripted, human, anthropic[:<model>], or chat:<provider>:<model>',
      'scripted',
    )
    .option(
      '-b, --budget <limits>',
      `what the agent may spend, ${BUDGET_HELP}; the verification is not charged`,
      budgetOf,
    )
    .option('-r, --resume <run>', 'go on with a run that was cut off: its id, the beginning of it, or `latest`')
    .option('--device <device>', 'auto, cpu, cuda, cuda:N, or cuda:0,cuda:1 to spread the layers (default: auto)')
    .addOption(
      new Option('--engine <engine>', 'both give the same numbers; reference is slow and obviously right')
        .choices(Engine.options)
        .default('fast'),
    )
    .option('--revision <commit>', 'revision of a hub model whose card pins none: 40 hex digits')
    .option('--json', 'print the result as JSON')
    .action((finding: string | undefined, options: Options) => run(cli, finding, options));
}

async function run(cli: Cli, finding: string | undefined, options: Options): Promise<void> {
  if (options.resume === undefined && (finding === undefined || options.model === undefined)) {
    const lacking = finding === undefined ? 'a finding' : 'a model (--model <name>)';
    throw new UsageError(
      `\`run\` lacks ${lacking}: a run is one finding on one model. Instead: see \`recircuit run --help\`.`,
    );
  }
  if (finding !== undefined && options.resume === undefined) loadProtocol(finding);
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const record = openRecord(home.runs);
  try {
    const resumed = options.resume === undefined ? undefined : findRun(record, options.resume);
    if (resumed !== undefined) refuseOthers(resumed, finding, options);
    const sealed = resumed?.state === 'sealed' ? resumed : undefined;
    const ended = sealed ?? (await work(cli, record, home, jobOf(finding, options, resumed)));
    show(cli, record, home, ended, options.json === true);
  } finally {
    record.close();
  }
}

type Asked =
  | { run: string; model: string | undefined; device: string | undefined; engine: Engine }
  | {
      finding: string;
      model: string;
      planner: string;
      seed: number;
      revision: string | undefined;
      budget: Budget | undefined;
      device: string | undefined;
      engine: Engine;
    };

function jobOf(finding: string | undefined, options: Options, resumed: Run | undefined): Asked {
  const { model, planner, seed, device, engine, revision, budget } = options;
  if (resumed) return { run: resumed.run, model, device, engine };
  return { finding: finding ?? '', model: model ?? '', planner, seed, revision, budget, device, engine };
}

/** What a run is about stands in its record; asking for something else would be ignored, so it is refused. */
function refuseOthers(resumed: Run, finding: string | undefined, { model, budget }: Options): void {
  if (budget !== undefined)
    throw new UsageError(
      `run ${resumed.run} keeps the budget it was opened with. Instead: raise it with \`recircuit runs raise-budget\`, then go on without --budget.`,
    );
  const named = model !== undefined && isFolder(model) ? cardForFolder(model).model : model;
  const wrong = [finding, named].find(
    (word) => word !== undefined && word !== resumed.finding && word !== resumed.model,
  );
  if (wrong !== undefined) {
    throw new UsageError(
      `run ${resumed.run} is about ${resumed.finding} on ${resumed.model}, not ${wrong}: a run keeps what it was opened with. Instead: leave the words after --resume out.`,
    );
  }
  if (resumed.state !== 'sealed') refuseLostFolder(resumed, model);
}

/** @throws UsageError where the run's model was named by a folder and is not named again */
export function refuseLostFolder({ run, model }: Run, again: string | undefined): void {
  if (again !== undefined || loadModelCards().has(model)) return;
  throw new UsageError(
    `run ${run} was made on a folder, and the record keeps no paths: it cannot be found again. Instead: add --model with the folder.`,
  );
}

interface GoOn {
  readonly run: Run;
  readonly model: string | undefined;
  readonly device: string | undefined;
  readonly json: boolean;
}

/** Goes on with a run under the engine with which it began, and shows the result. */
export async function goOn(
  cli: Cli,
  record: RunRecord,
  home: Home,
  { run: { run }, json, ...where }: GoOn,
): Promise<void> {
  const opened = record.step(run, 'opened')?.body;
  const engine = (opened?.kind === 'opened' ? opened.engine : undefined) ?? 'fast';
  show(cli, record, home, await work(cli, record, home, { run, engine, ...where }), json);
}

/** As the job tells a folder from a name. */
function isFolder(model: string): boolean {
  return /^\.|[\\/]/.test(model);
}

async function work(cli: Cli, record: RunRecord, home: Home, asked: Asked): Promise<Run> {
  const { runJob } = await import('../../job/index.ts');
  const before = 'run' in asked ? record.findRun(asked.run) : undefined;
  const earlier: readonly Step[] = before ? record.steps(before.run) : [];
  const protocol = before ? Protocol.parse(before.protocol) : loadProtocol('finding' in asked ? asked.finding : '');
  const progress = new RunProgress(cli, protocol, taskNames(loadBehaviour(protocol.behaviour)).length, earlier);
  const log = logIn(home);
  const means = { record, artifacts: home.artifacts, checkpoints: home.checkpoints, python: workerPython(), log };
  try {
    return await runJob({ ...asked, ...means, onEvent: progress.onEvent } as JobOptions);
  } finally {
    progress.end();
  }
}

function show(cli: Cli, record: RunRecord, home: Home, ended: Run, json: boolean): void {
  if (ended.state !== 'sealed') {
    cli.say(
      `recircuit: run ${ended.run} is ${ended.state}: ${safe(ended.note, 'line')} It goes on with \`${cli.again()} run --resume ${ended.run}${loadModelCards().has(ended.model) ? '' : ' --model <folder>'}\`.`,
    );
    cli.exit(ended.state === 'cancelled' ? EXIT.interrupted : EXIT.fault);
    if (!json) return;
  }
  const view = loadView(record, ended, home.artifacts);
  if (json) cli.json(view);
  else cli.out(resultPage(view, cli.paint, cli.again()));
}
