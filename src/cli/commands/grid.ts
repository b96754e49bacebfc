/** `recircuit grid`: models by behaviour and finding, from sealed runs. What was not measured is empty, never zero. */
import type { Command } from 'commander';
import { Cell, type VerdictName } from '../../contract/index.ts';
import { loadModelCards, loadProtocols } from '../../protocol/index.ts';
import { padEnd, safe, toneOfVerdict, widthOf } from '../../report/index.ts';
import type { CellRow } from '../../store/index.ts';
import { type Cli, readingOr } from '../cli.ts';

/** A model on which others have published the finding; not a verdict of ours. */
interface Published {
  readonly behaviour: string;
  readonly finding: string;
  readonly model: string;
  readonly source: string;
}

export function registerGrid(program: Command, cli: Cli): void {
  program
    .command('grid')
    .description('Show what all sealed runs say: models by findings.')
    .option('--json', 'print the cells as JSON')
    .action((options: { json?: boolean }) => grid(cli, options));
}

async function grid(cli: Cli, { json }: { json?: boolean }): Promise<void> {
  const cells = (await readingOr(cli.home(), [] as CellRow[], (record) => record.cells())).map(completed);
  const published = publishedCells();
  if (json) {
    cli.json({ cells, published });
    return;
  }
  if (cells.length === 0) cli.say('No run has been sealed yet; see `recircuit run --help`.');
  cli.out(drawn(cli, cells, published));
}

/** A finding or model that the checkout no longer knows keeps its cell. */
function completed(row: CellRow): Cell {
  const behaviour = loadProtocols().get(row.finding)?.behaviour ?? 'unknown';
  const organism = loadModelCards().get(row.model)?.where.kind === 'organism';
  return Cell.parse({ ...row, behaviour, organism });
}

function publishedCells(): Published[] {
  return [...loadProtocols().values()].flatMap(({ behaviour, finding, published }) =>
    published.map(({ card, model, source }) => ({ behaviour, finding, model: card ?? model, source })),
  );
}

function drawn({ paint }: Cli, cells: readonly Cell[], published: readonly Published[]): string[] {
  const findings = [...new Map([...cells, ...published].map((item) => [item.finding, item.behaviour]))];
  const models = [...new Set([...cells, ...published].map(({ model }) => model))];
  const organisms = new Set(cells.filter(({ organism }) => organism).map(({ model }) => model));
  const head = ['', ...findings.map(([finding, behaviour]) => `${behaviour} / ${finding}`)];
  const rows = models.map((model) => {
    const name = `${model}${organisms.has(model) ? ' °' : ''}`;
    return [name, ...findings.map(([finding]) => cellText(paint.tone, finding, model, cells, published))];
  });
  const widths = head.map((name, i) => Math.max(widthOf(name), ...rows.map((row) => widthOf(row[i] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map((text, i) => padEnd(text, widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    paint.dim(line(head)),
    ...rows.map(line),
    '',
    paint.dim(
      'verdict, then agreeing of all sealed runs; * known there by publication, not measured by us; empty: not measured',
    ),
    ...(organisms.size > 0
      ? [paint.dim('° organism: the cell tests the instrument and says nothing of large models')]
      : []),
    ...withdrawals(cells).map(paint.dim),
  ];
}

function cellText(
  tone: Cli['paint']['tone'],
  finding: string,
  model: string,
  cells: readonly Cell[],
  published: readonly Published[],
): string {
  const cell = cells.find((item) => item.finding === finding && item.model === model);
  if (cell !== undefined) return cell.verdict === null ? tone('none', 'withdrawn') : measured(tone, cell, cell.verdict);
  return published.some((item) => item.finding === finding && item.model === model) ? '*' : '';
}

function measured(tone: Cli['paint']['tone'], { agreeing, runs, withdrawn }: Cell, verdict: VerdictName): string {
  const gone = withdrawn.length === 0 ? '' : `, ${withdrawn.length} withdrawn`;
  return tone(toneOfVerdict(verdict), `${verdict} ${agreeing}/${runs}${gone}`);
}

/** Every withdrawn run of the grid with its reason: a verdict that is gone says why. */
function withdrawals(cells: readonly Cell[]): string[] {
  return cells.flatMap(({ finding, model, withdrawn }) =>
    withdrawn.map(({ run, because }) => `withdrawn: run ${run}, ${finding} on ${model}: ${safe(because, 'line')}`),
  );
}
