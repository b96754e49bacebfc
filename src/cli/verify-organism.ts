/** Checks an organism against its card: the hash of its weights, and its behaviour numbers measured once more by the worker. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../tools/index.ts';
import { type BuiltCard, type JsonObject, type OpenRequest, type OrganismRecipe, Refusal } from '../contract/index.ts';
import { loadBehaviour, material } from '../protocol/index.ts';
import { startWorker, type WorkerClient, workerPython } from '../worker/index.ts';
import { builtCard, type Organism } from './organism.ts';
import { cancellable } from './signals.ts';

/** As the build measures for the card: prompts for each task, and their seed (organisms/measure.py). */
const CARD_PROMPTS = 100;
const CARD_SEED = 20_000;
const CARD_SHOTS = 10;
/** What cards of one behaviour speak of. */
const BEHAVIOUR = 'in-context-functions';
const VARIANTS = { ten_shot: 'clean', shuffled: 'shuffled', zero_shot: 'zero-shot' } as const;
/** One prompt of a hundred: another batch may break a tie of two logits the other way. */
export const TOLERANCE = 1 / CARD_PROMPTS + 1e-6;

export interface Compared {
  readonly task: string;
  readonly what: string;
  readonly card: number;
  readonly measured: number;
  readonly agrees: boolean;
}

export interface OrganismCheck {
  readonly model: string;
  readonly weights: { readonly card: string; readonly found: string; readonly agrees: boolean };
  /** Empty where the weights are others already. */
  readonly numbers: readonly Compared[];
  readonly ok: boolean;
}

/** @throws Refusal where the organism has not been built */
export async function verifyOrganism(organism: Organism, artifacts: string): Promise<OrganismCheck> {
  const card = builtCard(organism.folder);
  const file = join(organism.folder, 'model.safetensors');
  if (card === undefined || !existsSync(file)) throw unbuilt(organism);
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  const weights = { card: card.weights_sha256, found, agrees: found === card.weights_sha256 };
  const numbers = weights.agrees ? await measured(organism, card, artifacts) : [];
  return { model: organism.name, weights, numbers, ok: weights.agrees && numbers.every(({ agrees }) => agrees) };
}

async function measured(organism: Organism, card: BuiltCard, artifacts: string): Promise<Compared[]> {
  const all = statements(organism, card);
  const rows: Compared[] = [];
  for (const behaviour of new Set(all.map((each) => each.behaviour))) {
    const mine = all.filter((each) => each.behaviour === behaviour);
    rows.push(...(await asked(openRequest(organism, card, behaviour, artifacts), mine)));
  }
  return rows;
}

/** A worker holds one behaviour, so each has its own. */
async function asked(request: OpenRequest, all: readonly Statement[]): Promise<Compared[]> {
  return cancellable(async (signal) => {
    const worker = await startWorker({ python: workerPython() });
    try {
      await worker.open(request, { signal });
      const rows: Compared[] = [];
      for (const what of new Set(all.map((each) => each.what))) {
        const mine = all.filter((each) => each.what === what);
        rows.push(...(await compare(worker, mine, signal)));
      }
      return rows;
    } finally {
      await worker.stop();
    }
  });
}

/** A number of a card, and how it is asked for again. */
interface Statement {
  readonly behaviour: string;
  readonly task: string;
  readonly what: string;
  readonly card: number;
  readonly prompts: JsonObject;
}

/** What `measure_behaviour` can ask again: not the counterfactuals of contrast pairs, whose right answers are the rivals. */
function statements({ recipe }: Organism, card: BuiltCard): Statement[] {
  if ('kind' in card)
    return card.tasks.flatMap(({ behaviour, task, variant, accuracy }) => {
      const kind = loadBehaviour(behaviour).file.kind;
      if (kind === 'repeated-tokens' || (kind === 'contrast-pairs' && variant !== 'clean')) return [];
      const prompts: JsonObject = kind === 'in-context' ? { kind, variant, shots: CARD_SHOTS } : { kind, variant };
      return [{ behaviour, task, what: variant, card: accuracy, prompts }];
    });
  const { shots } = recipe as OrganismRecipe;
  return Object.entries(VARIANTS).flatMap(([what, variant]) =>
    card.tasks.map((row) => ({
      behaviour: BEHAVIOUR,
      task: row.task,
      what,
      card: row[what as keyof typeof VARIANTS],
      prompts: { kind: 'in-context', variant, shots },
    })),
  );
}

/** Asks all statements of one behaviour and variant at once. */
async function compare(worker: WorkerClient, all: readonly Statement[], signal: AbortSignal): Promise<Compared[]> {
  const tasks = all.map(({ task }) => task);
  const prompts = { ...all[0]?.prompts, tasks, count: CARD_PROMPTS, seed: CARD_SEED };
  const input = findTool('measure_behaviour')?.input.parse({ prompts }) as JsonObject;
  const { tasks: rows } = (await worker.call('measure_behaviour', input, { signal })) as {
    tasks: { task: string; accuracy: number }[];
  };
  const accuracies = new Map(rows.map(({ task, accuracy }) => [task, accuracy]));
  return all.map(({ task, what, card }) => {
    const now = accuracies.get(task) ?? Number.NaN;
    return { task, what, card, measured: now, agrees: Math.abs(now - card) <= TOLERANCE };
  });
}

function openRequest(
  { name, card, folder }: Organism,
  { weights_sha256 }: BuiltCard,
  behaviour: string,
  artifacts: string,
): OpenRequest {
  const where = { folder, repository: null, revision: null, weights_sha256 };
  return {
    model: name,
    ...where,
    dtype: card.dtype,
    device: 'cpu',
    engine: 'fast',
    expect: card.expect,
    material: material(loadBehaviour(behaviour), 'held-out'),
    artifacts,
  };
}

function unbuilt({ name, folder }: Organism): Refusal {
  return new Refusal({
    code: 'no-model',
    what: `the organism ${name} cannot be verified`,
    why: `${folder} holds no weights with a card`,
    instead: `train it with \`recircuit models build ${name}\``,
  });
}
