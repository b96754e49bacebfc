/** `recircuit calibrate`: measures a finding on its reference model, which gives the values that known-model criteria compare with. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { Fault, type Protocol, type Run } from '../../contract/index.ts';
import { findingFolder, loadBehaviour, loadProtocol, taskNames } from '../../protocol/index.ts';
import { number, table } from '../../report/index.ts';
import { openRecord, type RunRecord } from '../../store/index.ts';
import { workerPython } from '../../worker/python.ts';
import type { Cli } from '../cli.ts';
import { referenceOf, writeReference } from '../reference.ts';
import { RunProgress } from '../run-progress.ts';
import { seedsOf } from '../seeds.ts';

interface Options {
  readonly seeds: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function registerCalibrate(program: Command, cli: Cli): void {
  program
    .command('calibrate')
    .description('Measure a finding on its reference model and write reference.json beside its protocol.')
    .argument('<finding>', 'name of a finding')
    .option('-n, --seeds <number>', 'runs, with seeds from 0', seedsOf, 5)
    .option('-o, --out <file>', 'write elsewhere')
    .option('--json', 'print the reference as JSON')
    .action((finding: string, options: Options) => calibrate(cli, finding, options));
}

async function calibrate(cli: Cli, finding: string, { seeds, out, json }: Options): Promise<void> {
  const protocol = loadProtocol(finding);
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const record = openRecord(home.runs);
  try {
    const runs: Run[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      cli.say(`${finding} on ${protocol.reference_model}, seed ${seed} (${seed + 1} of ${seeds})`);
      runs.push(await oneRun(cli, record, protocol, seed));
    }
    const reference = referenceOf(
      protocol,
      runs.map((run) => ({ run, steps: record.steps(run.run) })),
    );
    const file = out === undefined ? join(findingFolder(finding), 'reference.json') : resolve(out);
    writeReference(file, reference);
    cli.say(`wrote ${file}`);
    if (json) {
      cli.json(reference);
      return;
    }
    const rows = reference.ranking
      .slice(0, 10)
      .map(({ component, effect }, i) => [String(i + 1), component, number(effect)]);
    cli.out(table(['#rank', 'component', '#effect'], rows, cli.paint));
  } finally {
    record.close();
  }
}

async function oneRun(cli: Cli, record: RunRecord, protocol: Protocol, seed: number): Promise<Run> {
  const { runJob } = await import('../../job/index.ts');
  const { artifacts, checkpoints } = cli.home();
  const progress = new RunProgress(cli, protocol, taskNames(loadBehaviour(protocol.behaviour)).length, []);
  const asked = { finding: protocol.finding, model: protocol.reference_model, planner: 'scripted', seed };
  try {
    const run = await runJob({
      ...asked,
      record,
      artifacts,
      checkpoints,
      python: workerPython(),
      onEvent: progress.onEvent,
    });
    if (run.state === 'sealed') return run;
    const code = run.state === 'cancelled' ? 'cancelled' : 'not-sealed';
    throw new Fault({
      code,
      what: `the calibration ended at seed ${seed}`,
      why: `run ${run.run} is ${run.state}: ${run.note}`,
      instead: 'mend the cause and calibrate again',
    });
  } finally {
    progress.end();
  }
}
