/** Finds the model of a job: by the name of its card, or as a folder on this machine. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Engine, type ModelCard, type OpenRequest, Refusal } from '../contract/index.ts';
import { cardForFolder, loadModelCard } from '../protocol/index.ts';
import { root } from '../root.ts';

/** What the worker is told of the model; the material is added by the job. */
export type ModelRequest = Omit<OpenRequest, 'material' | 'artifacts'>;

interface Where {
  readonly revision?: string | undefined;
  readonly device?: string | undefined;
  readonly engine?: Engine | undefined;
}

/**
 * @param asked a card's name, or a path with a slash or a dot in front
 * @throws Refusal for an unknown name, a missing folder or organism, or a hub model without a pinned revision
 */
export function findModel(asked: string, { revision, device = 'auto', engine = 'fast' }: Where): ModelRequest {
  const card = /^\.|[\\/]/.test(asked) ? cardForFolder(asked) : loadModelCard(asked);
  const { model, dtype, expect } = card;
  return { ...nowhere, model, dtype, expect, device, engine, ...whereOf(card, revision) };
}

const nowhere = { folder: null, repository: null, revision: null, weights_sha256: null } as const;

function whereOf({ model, where }: ModelCard, revision: string | undefined): Partial<ModelRequest> {
  if (where.kind === 'folder') return fromFolder(resolve(root, where.folder));
  if (where.kind === 'organism')
    return { ...fromFolder(join(root, where.folder), model), weights_sha256: weightsOf(join(root, where.folder)) };
  const pinned = revision ?? where.revision;
  if (pinned !== null) return { repository: where.repository, revision: pinned };
  throw new Refusal({
    code: 'no-revision',
    what: `the model ${model}`,
    why: `its card pins no revision of ${where.repository}, and a run must name the weights that it measured`,
    instead: 'give one of 40 hex digits with --revision',
  });
}

function fromFolder(folder: string, organism?: string): { folder: string } {
  if (existsSync(join(folder, 'config.json'))) return { folder };
  throw new Refusal({
    code: 'no-model',
    what: `the model folder ${folder}`,
    why: 'it holds no config.json',
    instead: organism ? `train it with \`recircuit models build ${organism}\`` : 'name a folder in Hugging Face format',
  });
}

/** The hash that the build left beside the weights; null where the organism has no card. */
function weightsOf(folder: string): string | null {
  const file = join(folder, 'card.json');
  if (!existsSync(file)) return null;
  const found = /"weights_sha256":\s*"([0-9a-f]{64})"/.exec(readFileSync(file, 'utf8'))?.[1];
  if (found !== undefined) return found;
  throw new Refusal({
    code: 'bad-organism-card',
    what: `the card ${file}`,
    why: 'it names no weights_sha256',
    instead: 'restore it, or build the organism again with `recircuit models build`',
  });
}
