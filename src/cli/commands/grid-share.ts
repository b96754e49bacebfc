/** `recircuit grid publish` and `grid import`: the grid of one record as files, and that of another taken in. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { importGrid, publishGrid } from '../../grid/index.ts';
import { safe, table } from '../../report/index.ts';
import { openRecord } from '../../store/index.ts';
import { type Cli, reading } from '../cli.ts';

export function registerGridShare(grid: Command, cli: Cli): void {
  grid
    .command('publish')
    .description('Write the grid as a signed bundle of plain files, fit for a Git repository.')
    .argument('<folder>', 'an empty folder, or one of an earlier bundle')
    .option('--json', 'print what was written as JSON')
    .action((folder: string, options: { json?: boolean }) => publish(cli, folder, options));
  grid
    .command('import')
    .description('Verify a bundle of another record and show its cells beside ours.')
    .argument('<folder>', 'a folder that `grid publish` wrote')
    .option(
      '-k, --key <fingerprint>',
      'that it must be signed by, trusted from now on: 16 hex digits of it or more',
      keyOf,
    )
    .option('--json', 'print what was taken in as JSON')
    .action((folder: string, options: { key?: string; json?: boolean }) => take(cli, folder, options));
}

const count = (runs: number): string => (runs === 1 ? '1 run' : `${runs} runs`);

function keyOf(text: string): string {
  if (/^[0-9a-f]{16,64}$/.test(text)) return text;
  throw new InvalidArgumentError('a fingerprint is 16 to 64 hex digits');
}

async function publish(cli: Cli, folder: string, { json }: { json?: boolean }): Promise<void> {
  const { runs, signer, sha256, left_out } = await reading(cli.home(), (record) =>
    publishGrid(record, resolve(folder)),
  );
  if (left_out.length > 0) cli.say(`Left out, since another key or none sealed them: ${left_out.join(', ')}.`);
  if (json) cli.json({ folder: resolve(folder), runs: runs.map(({ run }) => run), signer, sha256, left_out });
  else cli.out([`${count(runs.length)} written to ${resolve(folder)}`, `signed by key ${signer}`]);
}

function take(cli: Cli, folder: string, { key, json }: { key?: string; json?: boolean }): void {
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const record = openRecord(home.runs);
  try {
    const { runs, signer, sha256, added, conflicts } = importGrid(record, resolve(folder), key);
    if (json) {
      cli.json({ runs: runs.map(({ run }) => run), added, signer, sha256, conflicts });
      return;
    }
    cli.out(`${count(runs.length)}, ${added} of them new, signed by key ${signer}`);
    const rows = conflicts.map(({ finding, model, ours, theirs }) =>
      [finding, model, ours, theirs].map((text) => safe(text, 'line')),
    );
    if (rows.length > 0) cli.out(['', ...table(['differs', 'on', 'here', 'in the bundle'], rows, cli.paint)]);
  } finally {
    record.close();
  }
}
