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
    writeFileSync(join(scratch, 'training-curve.svg'), curveSvg(card));
    swap(scratch, folder);
    return card;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Returns the drawing of a card's curve. */
function curveSvg(card: BuiltCard): string {
  return 'kind' in card ? curriculumSvg(card.organism, card.curve) : trainingSvg(card.organism, card.curve);
}

async function train(cli: Cli, { name, recipe }: Organism, folder: string): Promise<BuiltCard> {
  const line = new ProgressLine(cli.side);
  const watch = new Watch(cli, line);
  const steps = recipe.stages.reduce((sum, stage) => sum + stage.steps, 0);
  line.keep(`Training ${name}: ${number(steps)} steps on ${recipe.threads} threads`);
  const [verb, behaviours] =
    'kind' in recipe ? (['build_curriculum', recipe.vocabulary] as const) : (['build_organism', [BEHAVIOUR]] as const);
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
