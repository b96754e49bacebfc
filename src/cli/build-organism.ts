/** Trains an organism through the worker and puts its folder in place whole: weights, card and drawn training curve, or nothing. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BuiltCard, type Material, type Progress, Refusal } from '../contract/index.ts';
import { loadBehaviour, material } from '../protocol/index.ts';
import { curriculumSvg, duration, number, safe, sparkline, trainingSvg } from '../report/index.ts';
import { startWorker, workerPython } from '../worker/index.ts';
import type { Cli } from './cli.ts';
import type { Organism } from './organism.ts';
import { ProgressLine } from './progress.ts';
import { cancellable } from './signals.ts';

/** The behaviour whose word lists recipes of one behaviour speak of. */
const BEHAVIOUR = 'in-context-functions';

/** Returns the card of the built organism. @throws Refusal where the folder exists and `force` is not given */
export async function buildOrganism(cli: Cli, organism: Organism, force: boolean): Promise<BuiltCard> {
  const { folder } = organism;
  if (existsSync(folder) && !force) throw occupied(folder);
  mkdirSync(dirname(folder), { recursive: true });
  const scratch = join(dirname(folder), `.${basename(folder)}-build-${process.pid}`);
  try {
    const card = await train(cli, organism, scratch);
    const curve = curveSvg(card);
    if (curve !== undefined) writeFileSync(join(scratch, 'training-curve.svg'), curve);
    swap(scratch, folder);
    return card;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Returns the drawing of a card's curve; undefined where nothing was trained. */
function curveSvg(card: BuiltCard): string | undefined {
  if (!('kind' in card)) return trainingSvg(card.organism, card.curve);
  return card.kind === 'curriculum' ? curriculumSvg(card.organism, card.curve) : undefined;
}

/** Returns the worker's verb for a recipe, the behaviours it speaks of, and what is said at the start. */
function work(name: string, recipe: Organism['recipe']): readonly [string, readonly string[], string] {
  if ('kind' in recipe && recipe.kind !== 'curriculum')
    return ['build_planted', recipe.vocabulary, `Planting ${name}: ${recipe.layers} layers of ${recipe.heads} heads`];
  const steps = number(recipe.stages.reduce((sum, stage) => sum + stage.steps, 0));
  const said = `Training ${name}: ${steps} steps on ${recipe.threads} threads`;
  return 'kind' in recipe ? ['build_curriculum', recipe.vocabulary, said] : ['build_organism', [BEHAVIOUR], said];
}

async function train(cli: Cli, { name, recipe }: Organism, folder: string): Promise<BuiltCard> {
  const line = new ProgressLine(cli.side);
  const watch = new Watch(cli, line);
  const [verb, behaviours, said] = work(name, recipe);
  line.keep(said);
  const request = { organism: name, folder, recipe, material: behaviours.flatMap(halves) };
  try {
    return await cancellable(async (signal) => {
      const worker = await startWorker({ python: workerPython() });
      try {
        return BuiltCard.parse(await worker.call(verb, request, { signal, onProgress: watch.onProgress }));
      } finally {
        await worker.stop();
      }
    });
  } finally {
    line.end();
  }
}

function halves(name: string): Material[] {
  const behaviour = loadBehaviour(name);
  return [material(behaviour, 'search'), material(behaviour, 'held-out')];
}

/** Draws the loss as it falls. */
class Watch {
  readonly #losses: number[] = [];
  readonly #started = Date.now();
  readonly #cli: Cli;
  readonly #line: ProgressLine;

  constructor(cli: Cli, line: ProgressLine) {
    this.#cli = cli;
    this.#line = line;
  }

  readonly onProgress = ({ done, total, note }: Progress): void => {
    const loss = Number(/loss ([\d.]+)/.exec(note)?.[1] ?? Number.NaN);
    if (Number.isFinite(loss)) this.#losses.push(loss);
    const passed = (Date.now() - this.#started) / 1000;
    const left = done > 0 ? `, ${duration((passed / done) * (total - done))} left` : '';
    const curve = this.#losses.length > 1 ? `${sparkline(this.#losses, 24, this.#cli.side)} ` : '';
    if (done === total) {
      this.#line.keep('  trained; measuring every task for the card');
      return;
    }
    this.#line.show(`  ${this.#line.bar(done / total)}step ${done} of ${total} ${curve}${safe(note, 'line')}${left}`);
  };
}

/** Two renames: the old folder is set aside before the new one takes its place, and only then removed. */
function swap(built: string, folder: string): void {
  const aside = `${built}-old`;
  if (existsSync(folder)) renameSync(folder, aside);
  renameSync(built, folder);
  rmSync(aside, { recursive: true, force: true });
}

function occupied(folder: string): Refusal {
  return new Refusal({
    code: 'folder-exists',
    what: `the model folder ${folder} was to be written`,
    why: 'it exists already',
    instead: 'add --force to replace it, or name another folder with --out',
  });
}
