/** `recircuit doctor`: looks at machine and checkout. */
import type { Command } from 'commander';
import { EXIT } from '../../contract/index.ts';
import { padEnd, safe, type Tone } from '../../report/index.ts';
import type { Cli } from '../cli.ts';

const TONE: Record<string, Tone> = { ok: 'pass', problem: 'fail', warning: 'warn' };

export function registerDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('Check machine, worker, models and record, and say what to mend.')
    .option('--json', 'print the rows as JSON')
    .action((options: { json?: boolean }) => doctor(cli, options));
}

async function doctor(cli: Cli, { json }: { json?: boolean }): Promise<void> {
  const { examine, healthy } = await import('../../doctor/index.ts');
  const { runs, artifacts } = cli.home();
  const rows = await examine({ record: runs, artifacts });
  if (!healthy(rows)) cli.exit(EXIT.fault);
  if (json) {
    cli.json(rows);
    return;
  }
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.flatMap(({ what, status, found, why, fix, blocks }) => {
    const line = `${padEnd(what, width)}  ${padEnd(cli.paint.tone(TONE[status] ?? 'none', status), 11)}  ${safe(found, 'line')}`;
    if (status !== 'problem') return [line];
    const indent = ' '.repeat(width + 2);
    return [
      line,
      `${indent}${cli.paint.dim(`matters because ${why}; while it lasts, this does not work: ${blocks}`)}`,
      `${indent}${fix}`,
    ];
  });
  cli.out(lines);
}
