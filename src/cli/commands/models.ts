/** `recircuit models`: which models have a card; building and verifying our organisms. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type BuiltCard,
  type CurriculumCard,
  EXIT,
  type ModelCard,
  type OrganismCard,
  type PlantedCard,
} from '../../contract/index.ts';
import { loadModelCard, loadModelCards } from '../../protocol/index.ts';
import { duration, number, plot, safe, short, table, wrapped } from '../../report/index.ts';
import { root } from '../../root.ts';
import type { Cli } from '../cli.ts';
import { listCommand } from '../list-command.ts';
import { builtCard, organismNamed } from '../organism.ts';
import { seedOf } from '../seeds.ts';

type Json = { json?: boolean };

export function registerModels(program: Command, cli: Cli): void {
  const models = program.command('models').description('List and show models; build and verify organisms.');
  listCommand(models, 'List the models that have a card.')
    .option('--json', 'print the cards as JSON')
    .action((options: Json) => list(cli, options));
  models
    .command('show')
    .description('Show card, quirks and, for an organism, its training.')
    .argument('<model>', 'name of a model')
    .option('--json', 'print it as JSON')
    .action((name: string, options: Json) => show(cli, name, options));
  models
    .command('build')
    .description('Build an organism from its recipe: train it, with its loss drawn, or write its weights by hand.')
    .argument('<model>', 'name of an organism')
    .option('-o, --out <folder>', 'where to write it (default: the folder of its card)')
    .option('--force', 'replace the folder where it exists')
    .option('--json', 'print the card of the build as JSON')
    .action((name: string, options: Json & { out?: string; force?: boolean }) => build(cli, name, options));
  models
    .command('verify')
    .description('Check weights and behaviour numbers of an organism against its card.')
    .argument('<model>', 'name of an organism')
    .option('--folder <folder>', 'where it was built (default: the folder of its card)')
    .option('--json', 'print what was found as JSON')
    .action((name: string, options: Json & { folder?: string }) => verify(cli, name, options));
  models
    .command('permute')
    .description('Write a twin of an organism that is the same function with every head at another index of its layer.')
    .argument('<model>', 'name of an organism')
    .requiredOption('-o, --out <folder>', 'where to write it')
    .option('-s, --seed <number>', 'seed of the order of the heads', seedOf, 0)
    .option('--json', 'print where every head went as JSON')
    .action((name: string, options: Json & { out: string; seed: number }) => permute(cli, name, options));
}

function list(cli: Cli, { json }: Json): void {
  const cards = [...loadModelCards().values()];
  if (json) {
    cli.json(cards);
    return;
  }
  const rows = cards.map((card) => {
    const { layers, heads, d_model } = card.expect;
    return [card.model, card.where.kind, `${layers} × ${heads}`, String(d_model), ready(card), placeOf(card)];
  });
  cli.out(table(['model', 'kind', '#layers × heads', '#width', 'here', 'where'], rows, cli.paint));
}

/** Hub models live in the hub's own cache, which only the worker reads. */
function ready({ where }: ModelCard): string {
  if (where.kind === 'hub') return where.revision === null ? 'not pinned' : '–';
  return existsSync(join(root, where.folder, 'config.json')) ? 'yes' : 'not built';
}

function placeOf({ where }: ModelCard): string {
  return where.kind === 'hub'
    ? `${where.repository}${where.revision === null ? '' : ` at ${short(where.revision)}`}`
    : where.folder;
}

function show(cli: Cli, name: string, { json }: Json): void {
  const card = loadModelCard(name);
  const built = card.where.kind === 'organism' ? builtCard(join(root, card.where.folder)) : undefined;
  if (json) {
    cli.json({ card, built: built ?? null });
    return;
  }
  const { bold, dim } = cli.paint;
  const width = Math.min(cli.paint.columns, 110);
  const { layers, heads, kv_heads, head_dim, d_model } = card.expect;
  cli.out([
    `${bold(card.model)}  ${dim(`${card.where.kind}: ${placeOf(card)}`)}`,
    ...wrapped(card.about, width),
    `${layers} layers × ${heads} heads (${kv_heads} key-value), head width ${head_dim}, model width ${d_model}, ${card.dtype}`,
    ...card.quirks.flatMap(({ fact, because }) => wrapped(`${fact}: ${because}`, width, '  ')),
    ...(built ? ['', ...buildLines(cli, built)] : []),
  ]);
}

async function build(
  cli: Cli,
  name: string,
  { out, force, json }: Json & { out?: string; force?: boolean },
): Promise<void> {
  const organism = organismNamed(name, out);
  const { buildOrganism } = await import('../build-organism.ts');
  const card = await buildOrganism(cli, organism, force === true);
  if (json) {
    cli.json(card);
    return;
  }
  cli.out([
    ...buildLines(cli, card),
    '',
    `written to ${organism.folder}, with card.json${'curve' in card ? ' and training-curve.svg' : ''}`,
  ]);
}

function buildLines({ paint }: Cli, card: BuiltCard): string[] {
  const { bold, dim } = paint;
  const curve = 'curve' in card ? card.curve : [];
  const losses = curve.map(({ loss }) => loss);
  const last = curve.at(-1)?.step ?? 0;
  return [
    `${bold(safe(card.organism, 'line'))}  ${number(card.parameters)} parameters, built in ${duration(card.seconds)}  ${dim(`weights ${short(card.weights_sha256)}`)}`,
    ...('planted' in card ? ['', bold('Planted heads'), ...plantedTable(card, paint)] : []),
    ...(losses.length > 1
      ? ['', bold('Training loss, nats'), ...plot(losses, 60, 8, paint), dim(`${' '.repeat(9)}0 to ${last} steps`)]
      : []),
    '',
    bold('Accuracy on held-out prompts, share of prompts'),
    ...('kind' in card ? libraryTable(card, paint) : taskTable(card, paint)),
  ];
}

function taskTable({ tasks }: OrganismCard, paint: Cli['paint']): string[] {
  const mean = (field: 'ten_shot' | 'shuffled' | 'zero_shot') =>
    number(tasks.reduce((sum, row) => sum + row[field], 0) / Math.max(1, tasks.length));
  const rows = tasks.map((row) => [row.task, number(row.ten_shot), number(row.shuffled), number(row.zero_shot)]);
  const last = ['mean of tasks', mean('ten_shot'), mean('shuffled'), mean('zero_shot')];
  return table(['task', '#10 shots', '#shuffled', '#zero shots'], [...rows, last], paint);
}

function plantedTable({ planted, decoys }: PlantedCard, paint: Cli['paint']): string[] {
  const rows = Object.entries(planted).map(([motif, heads]) => [motif, heads.join(' ')]);
  const fakes = decoys.map(({ component, motif, keeps }) => [`decoy: ${keeps} of ${motif}`, component]);
  return table(['motif', 'heads'], [...rows, ...fakes], paint);
}

function libraryTable({ tasks }: CurriculumCard | PlantedCard, paint: Cli['paint']): string[] {
  const rows = tasks.map(({ behaviour, task, variant, accuracy }) => [behaviour, task, variant, number(accuracy)]);
  return table(['behaviour', 'task', 'prompts', '#accuracy'], rows, paint);
}

async function verify(cli: Cli, name: string, { folder, json }: Json & { folder?: string }): Promise<void> {
  const { TOLERANCE, verifyOrganism } = await import('../verify-organism.ts');
  const found = await verifyOrganism(organismNamed(name, folder), cli.home().artifacts);
  if (!found.ok) cli.exit(EXIT.tampered);
  if (json) {
    cli.json(found);
    return;
  }
  const { weights, numbers } = found;
  const bad = numbers.filter(({ agrees }) => !agrees);
  const lines = bad.map(
    ({ task, what, card, measured }) => `${task}, ${what}: the card says ${number(card)}, measured ${number(measured)}`,
  );
  const said = weights.agrees
    ? 'the weights are those of the card'
    : `the weights are ${short(weights.found)}, the card says ${short(weights.card)}`;
  const measured =
    numbers.length === 0
      ? ''
      : `; ${numbers.length - bad.length} of ${numbers.length} numbers agree within ${number(TOLERANCE)}`;
  cli.out([...lines, `${name}: ${cli.paint.tone(found.ok ? 'pass' : 'fail', `${said}${measured}`)}`]);
}

async function permute(
  cli: Cli,
  name: string,
  { out, seed, json }: Json & { out: string; seed: number },
): Promise<void> {
  const { permuteOrganism } = await import('../permute-organism.ts');
  const twin = await permuteOrganism(organismNamed(name), out, seed);
  if (json) {
    cli.json(twin);
    return;
  }
  const moved = twin.heads.flatMap((heads, layer) =>
    heads.map((from, head) => `a${layer}.h${from} -> a${layer}.h${head}`),
  );
  cli.out([
    ...wrapped(moved.join(', '), Math.min(cli.paint.columns, 110)),
    `written to ${safe(out, 'line')}: weights ${short(twin.weights_sha256)}; a logit changes by ${number(twin.largest_change)} at most`,
  ]);
}
