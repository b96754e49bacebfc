/** `recircuit runs`: what happened, step by step; as a page, as data; and whether it is still what was written. */
import type { Command } from 'commander';
import { deviationLine, deviationsOf, type Run } from '../../contract/index.ts';
import { type StepLine, safe, stepLine, table, toneOfVerdict } from '../../report/index.ts';
import type { RunSummary } from '../../store/index.ts';
import { type Cli, findRun, reading, readingOr } from '../cli.ts';
import { FORMATS, type Format, formatOf } from '../formats.ts';
import { listCommand } from '../list-command.ts';
import { registerDiff } from './runs/diff.ts';
import { registerFork } from './runs/fork.ts';
import { registerRaiseBudget } from './runs/raise-budget.ts';
import { registerReplay } from './runs/replay.ts';
import { registerVerify } from './runs/verify.ts';
import { registerWithdraw } from './runs/withdraw.ts';

/** The rest of the group, a file each. */
const MORE = [
  registerVerify,
  registerReplay,
  registerDiff,
  registerFork,
  registerRaiseBudget,
  registerWithdraw,
] as const;

/** Sentences about what an export lacks. */
const MOST_TOLD = 5;

interface ListOptions {
  readonly finding?: string;
  readonly model?: string;
  readonly json?: boolean;
}

export function registerRuns(program: Command, cli: Cli): void {
  const runs = program
    .command('runs')
    .description('List, show, export, verify, replay, compare, fork and withdraw runs, and raise their budgets.');
  listCommand(runs, 'List the runs, the latest last.')
    .option('--finding <name>', 'only runs of this finding')
    .option('--model <name>', 'only runs on this model')
    .option('--json', 'print them as JSON')
    .action((options: ListOptions) => list(cli, options));
  runs
    .command('show')
    .description('Print every step of a run.')
    .argument('<run>', 'id of a run, the beginning of it, or `latest`')
    .option('--full', 'print the body of each step')
    .option('--json', 'print run and steps as JSON')
    .action((run: string, options: { full?: boolean; json?: boolean }) => show(cli, run, options));
  runs
    .command('export')
    .description('Write a run as a page with figures, as data, for Inspect, OpenTelemetry or training.')
    .argument('<run>', 'id of a run, the beginning of it, or `latest`')
    .option('-f, --format <format>', `one of ${FORMATS.join(', ')}`, formatOf, 'html')
    .option('-o, --out <file>', 'where to write it (default: the run in this folder; `-`: stdout)')
    .action((run: string, options: { format: Format; out?: string }) => exportRun(cli, run, options));
  runs
    .command('import')
    .description('Take in a run that was exported as jsonl; refused if it was altered.')
    .argument('<file>', 'what `runs export --format jsonl` wrote')
    .action((file: string) => importRun(cli, file));
  for (const register of MORE) register(runs, cli);
}

async function list(cli: Cli, { finding, model, json }: ListOptions): Promise<void> {
  const filter = { ...(finding === undefined ? {} : { finding }), ...(model === undefined ? {} : { model }) };
  const found = await readingOr(cli.home(), [] as RunSummary[], (record) => record.list(filter));
  if (json) {
    cli.json(found);
    return;
  }
  if (found.length === 0)
    return cli.out(`No runs yet. A first one: ${cli.again()} run function-vector-heads --model icl-gemma2`);
  const rows = found.map((run) => [
    run.run,
    time(run.opened_at),
    run.finding,
    run.model,
    run.planner,
    String(run.seed),
    String(run.steps),
    `${outcome(cli, run)}${run.imported === null ? '' : ', imported'}`,
  ]);
  cli.out(table(['run', 'opened, UTC', 'finding', 'model', 'planner', '#seed', '#steps', 'outcome'], rows, cli.paint));
}

function outcome({ paint }: Cli, { state, verdict, withdrawn, origin }: Omit<Run, 'protocol'>): string {
  if (withdrawn !== null) return paint.tone('none', `withdrawn (${verdict})`);
  const forked = origin === null ? '' : ', a fork';
  return `${outcomeOf(paint, state, verdict)}${forked}`;
}

function outcomeOf(paint: Cli['paint'], state: Run['state'], verdict: Run['verdict']): string {
  return state === 'sealed' && verdict !== null
    ? paint.tone(toneOfVerdict(verdict), verdict)
    : paint.tone('none', state);
}

function time(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

async function show(cli: Cli, name: string, { full, json }: { full?: boolean; json?: boolean }): Promise<void> {
  await reading(cli.home(), (record) => {
    const run = findRun(record, name);
    const steps = record.steps(run.run);
    if (json) {
      cli.json({ run, steps });
      return;
    }
    cli.out(
      `${cli.paint.bold(run.run)}  ${safe(`${run.finding} on ${run.model}, planner ${run.planner}, seed ${run.seed}`, 'line')}  ${outcome(cli, run)}`,
    );
    if (full)
      for (const step of steps)
        cli.out([...oneStep(cli, stepLine(step)), safe(JSON.stringify(step.body, null, 2), 'terminal'), '']);
    else cli.out(table(['#step', 'time', 'act', 'kind', 'what happened'], steps.map(stepLine).map(cells), cli.paint));
    for (const one of deviationsOf(steps)) cli.out(safe(`left the plan: ${deviationLine(one)}`, 'line'));
    if (run.note !== '') cli.out(safe(run.note, 'line'));
    if (run.origin !== null) cli.out(`forked from ${run.origin}; it counts in no cell`);
    if (run.withdrawn !== null) cli.out(safe(`withdrawn, and counts no more: ${run.withdrawn}`, 'line'));
  });
}

function cells({ seq, at, act, kind, summary }: StepLine): string[] {
  return [String(seq), at.slice(11, 19), safe(act, 'line'), kind, safe(summary, 'line')];
}

function oneStep({ paint }: Cli, step: StepLine): string[] {
  return [
    `${paint.bold(`${step.seq}  ${safe(step.act, 'line')}`)}  ${step.kind}  ${paint.dim(`${step.at}  content ${step.content}`)}`,
  ];
}

async function exportRun(cli: Cli, name: string, { format, out }: { format: Format; out?: string }): Promise<void> {
  const { write } = await import('../export.ts');
  await reading(cli.home(), (record) => {
    const run = findRun(record, name);
    const { file, left_out } = write({ record, run, artifacts: cli.home().artifacts, format, out });
    for (const sentence of left_out.slice(0, MOST_TOLD)) cli.say(`not in it: ${safe(sentence, 'line')}`);
    if (left_out.length > MOST_TOLD) cli.say(`not in it: ${left_out.length - MOST_TOLD} artifacts more`);
    if (file !== null) cli.say(`wrote ${file}`);
  });
}

async function importRun(cli: Cli, file: string): Promise<void> {
  const { importFile } = await import('../import.ts');
  const { run, known } = importFile(cli.home(), file);
  const where = `${run.finding} on ${run.model}`;
  cli.out(`${run.run}  ${safe(where, 'line')}  ${outcome(cli, run)}${known ? '  (was here already)' : ''}`);
}
