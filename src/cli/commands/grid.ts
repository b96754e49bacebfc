/** `recircuit grid`: what all sealed runs and the published figures say, and taking such figures in. */
import { mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { type Grid, gridOf, readFigures } from '../../grid/index.ts';
import { behindLines, gridLines, publishedInWords, sourceInWords, table } from '../../report/index.ts';
import { openRecord } from '../../store/index.ts';
import { type Cli, readingOr } from '../cli.ts';
import { listCommand } from '../list-command.ts';
import { registerGridExport } from './grid-export.ts';
import { registerGridFill } from './grid-fill.ts';
import { registerGridOverlap } from './grid-overlap.ts';
import { registerGridShare } from './grid-share.ts';

export function registerGrid(program: Command, cli: Cli): void {
  const grid = program.command('grid').description('Show what all sealed runs say, beside what was published.');
  listCommand(grid, 'Show the grid: models by behaviours and findings.', 'show')
    .option('-b, --behind', 'also what stands behind each cell: seeds, intervals, controls, sources')
    .option('--json', 'print the cells as JSON')
    .action((options: { behind?: boolean; json?: boolean }) => show(cli, options));
  grid
    .command('import-published')
    .description('Take in figures that others published, from your own copy, checked by content hash.')
    .argument('<path...>', 'files, or folders that hold them: ranked heads, path-patching matrices, accuracies')
    .option('--json', 'print what was imported as JSON')
    .action((paths: string[], options: { json?: boolean }) => importPublished(cli, paths, options));
  registerGridFill(grid, cli);
  registerGridOverlap(grid, cli);
  registerGridShare(grid, cli);
  registerGridExport(grid, cli, () => gridHere(cli));
}

/** The grid of the home folder; that of no runs where there is no record. */
async function gridHere(cli: Cli): Promise<Grid> {
  return (await readingOr<Grid | null>(cli.home(), null, gridOf)) ?? gridOf(null);
}

async function show(cli: Cli, { behind, json }: { behind?: boolean; json?: boolean }): Promise<void> {
  const grid = await gridHere(cli);
  if (json) {
    cli.json({ cells: grid.cells, published: grid.published.map(brief) });
    return;
  }
  if (grid.cells.length === 0) cli.say('No run has been sealed yet; see `recircuit run --help`.');
  cli.out(gridLines(grid, cli.paint));
  if (behind) cli.out(['', ...behindLines(grid, cli.paint)]);
}

/** Without the figures, which are long and stand in the file that they came from. */
function brief({ figures, ...cell }: Grid['published'][number]) {
  return { ...cell, kind: figures.kind, says: publishedInWords({ figures, ...cell }) };
}

function importPublished(cli: Cli, paths: readonly string[], { json }: { json?: boolean }): void {
  const cells = readFigures(paths);
  const home = cli.home();
  mkdirSync(home.folder, { recursive: true });
  const record = openRecord(home.runs);
  try {
    const added = record.addPublished(cells);
    for (const file of new Set(cells.filter(({ source }) => !source.verified).map(({ source }) => source.file)))
      cli.say(`The figures of ${file} have no hash by which we know them, so they are shown as not verified.`);
    if (json) {
      cli.json({ added, cells: cells.map(brief) });
      return;
    }
    const rows = cells.map((cell) => [
      cell.finding ?? cell.behaviour,
      cell.model,
      publishedInWords(cell),
      sourceInWords(cell),
    ]);
    cli.out([
      ...table(['of', 'model', 'figures', 'source'], rows, cli.paint),
      '',
      `${cells.length} cells, ${added} of them new`,
    ]);
  } finally {
    record.close();
  }
}
