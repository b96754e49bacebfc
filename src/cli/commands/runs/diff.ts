/** `recircuit runs diff`: two runs side by side, step by step. */
import type { Command } from 'commander';
import type { Run, Step } from '../../../contract/index.ts';
import type { DiffRow } from '../../../replay/index.ts';
import { safe } from '../../../report/index.ts';
import type { Cli } from '../../cli.ts';
import { RUN_OR_FILE, readRecorded } from '../../recorded.ts';
import { changeLines } from './replay.ts';

interface Recorded {
  readonly run: Run;
  readonly steps: readonly Step[];
}

export function registerDiff(runs: Command, cli: Cli): void {
  runs
    .command('diff')
    .description('Hold two runs against each other, act by act.')
    .argument('<first>', RUN_OR_FILE)
    .argument('<second>', RUN_OR_FILE)
    .option('--json', 'print every act as JSON')
    .action((first: string, second: string, options: { json?: boolean }) => diff(cli, first, second, options));
}

async function diff(cli: Cli, one: string, other: string, { json }: { json?: boolean }): Promise<void> {
  const { diffRuns } = await import('../../../replay/index.ts');
  const [first, second] = [await recorded(cli, one), await recorded(cli, other)];
  const rows = diffRuns(first.steps, second.steps);
  if (json) {
    const [a, b] = [first, second].map(({ run: { protocol: _, ...run } }) => run);
    cli.json({ first: a, second: b, steps: rows });
    return;
  }
  const same = rows.filter(({ status }) => status === 'same').length;
  cli.out([
    `first   ${about(first.run)}`,
    `second  ${about(second.run)}`,
    '',
    ...rows.flatMap((row) => rowLines(cli, row)),
    `${same} of ${rows.length} acts are the same in both`,
  ]);
}

const recorded = (cli: Cli, name: string): Promise<Recorded> =>
  readRecorded<Recorded>(cli, name, { record: (found) => found, file: (found) => found });

function about({ run, finding, model, planner, seed, state, verdict, origin }: Run): string {
  const forked = origin === null ? '' : `, forked from ${origin}`;
  return safe(`${run}  ${finding} on ${model}, planner ${planner}, seed ${seed}: ${verdict ?? state}${forked}`, 'line');
}

const MARK = { same: '', changed: '~', 'only-first': '-', 'only-second': '+' } as const;
const TONE = { same: 'none', changed: 'none', 'only-first': 'fail', 'only-second': 'pass' } as const;

function rowLines({ paint }: Cli, { act, status, first, second, changes }: DiffRow): string[] {
  if (status === 'same') return [];
  const places = [first, second].map((seq) => String(seq ?? '').padStart(4)).join(' ');
  return [paint.tone(TONE[status], `${MARK[status]} ${places}  ${safe(act, 'line')}`), ...changeLines(changes)];
}
