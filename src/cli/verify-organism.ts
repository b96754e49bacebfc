/** Checks an organism against its card: the hash of its weights, and its behaviour numbers measured once more by the worker. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../tools/index.ts';
import { type JsonObject, type OpenRequest, type OrganismCard, Refusal } from '../contract/index.ts';
import { loadBehaviour, material } from '../protocol/index.ts';
import { startWorker, type WorkerClient, workerPython } from '../worker/index.ts';
import { builtCard, type Organism } from './organism.ts';
import { cancellable } from './signals.ts';

/** As the build measures for the card: prompts for each task, and their seed (organisms/measure.py). */
const CARD_PROMPTS = 100;
const CARD_SEED = 20_000;
/** One prompt of a hundred: another batch may break a tie of two logits the other way. */
export const TOLERANCE = 1 / CARD_PROMPTS + 1e-6;

const VARIANTS = { ten_shot: 'clean', shuffled: 'shuffled', zero_shot: 'zero-shot' } as const;
type Number_ = keyof typeof VARIANTS;

export interface Compared {
  readonly task: string;
  readonly what: Number_;
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

async function measured(organism: Organism, card: OrganismCard, artifacts: string): Promise<Compared[]> {
  return cancellable(async (signal) => {
    const worker = await startWorker({ python: workerPython() });
    try {
      await worker.open(openRequest(organism, card, artifacts), { signal });
      const rows: Compared[] = [];
      for (const what of Object.keys(VARIANTS) as Number_[])
        rows.push(...(await compare(worker, organism, card, what, signal)));
      return rows;
    } finally {
      await worker.stop();
    }
  });
}

async function compare(
  worker: WorkerClient,
  { recipe }: Organism,
  card: OrganismCard,
  what: Number_,
  signal: AbortSignal,
): Promise<Compared[]> {
  const { shots } = recipe;
  const tasks = card.tasks.map(({ task }) => task);
  const prompts = { kind: 'in-context', tasks, variant: VARIANTS[what], shots, count: CARD_PROMPTS, seed: CARD_SEED };
  const input = findTool('measure_behaviour')?.input.parse({ prompts }) as JsonObject;
  const { tasks: rows } = (await worker.call('measure_behaviour', input, { signal })) as {
    tasks: { task: string; accuracy: number }[];
  };
  const accuracies = new Map(rows.map(({ task, accuracy }) => [task, accuracy]));
  return card.tasks.map((row) => {
    const now = accuracies.get(row.task) ?? Number.NaN;
    return { task: row.task, what, card: row[what], measured: now, agrees: Math.abs(now - row[what]) <= TOLERANCE };
  });
}

function openRequest(
  { name, card, folder }: Organism,
  { weights_sha256 }: OrganismCard,
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
    material: material(loadBehaviour('in-context-functions'), 'held-out'),
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
