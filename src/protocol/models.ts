/** Model cards: where the weights of a named model are, and what it must show when it is loaded. Nothing is fetched here. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import { ModelCard, Refusal } from '../contract/index.ts';
import { badFile, listNames, protocolsFolder, readJson, readYaml } from './files.ts';
import { unknownName } from './names.ts';

const home = join(protocolsFolder, 'models');

/** Returns all cards by name, in order. @throws Refusal for the first card that cannot be used */
export function loadModelCards(): Map<string, ModelCard> {
  return new Map(modelNames().map((name) => [name, readCard(name)]));
}

/** Returns the names of all cards, in order, without reading them. */
export function modelNames(): string[] {
  return listNames(home, '.yaml');
}

/** @throws Refusal for an unknown name (with the nearest one) or a card that cannot be used */
export function loadModelCard(name: string): ModelCard {
  const names = modelNames();
  if (!names.includes(name)) throw unknownName('model', name, names);
  return readCard(name);
}

function readCard(name: string): ModelCard {
  const file = join(home, `${name}.yaml`);
  const card = readYaml(file, ModelCard);
  if (card.model !== name) throw badFile(file, `it names itself "${card.model}"`);
  return card;
}

const size = z.number().int().min(1);

/** The fields of a Hugging Face config that a card needs, under their older names too. */
const Config = z.looseObject({
  num_hidden_layers: size.optional(),
  n_layer: size.optional(),
  num_attention_heads: size.optional(),
  n_head: size.optional(),
  num_key_value_heads: size.nullish(),
  hidden_size: size.optional(),
  n_embd: size.optional(),
  head_dim: size.nullish(),
  torch_dtype: z.string().nullish(),
  dtype: z.string().nullish(),
});

/** Returns a card for a model folder on this machine, with what its config.json promises. @throws Refusal */
export function cardForFolder(path: string): ModelCard {
  const folder = resolve(path);
  const file = join(folder, 'config.json');
  if (!existsSync(file)) throw notAModel(path, 'it holds no config.json');
  const config = readJson(file, Config);
  const [layers, heads, width] = [
    config.num_hidden_layers ?? config.n_layer,
    config.num_attention_heads ?? config.n_head,
    config.hidden_size ?? config.n_embd,
  ];
  if (layers === undefined || heads === undefined || width === undefined) {
    throw notAModel(path, 'its config.json does not say how many layers and heads it has and how wide it is');
  }
  return ModelCard.parse({
    model: slugOf(folder),
    about: 'A folder on this machine.',
    where: { kind: 'folder', folder },
    dtype: (config.dtype ?? config.torch_dtype) === 'bfloat16' ? 'bfloat16' : 'float32',
    expect: {
      layers,
      heads,
      kv_heads: config.num_key_value_heads ?? heads,
      d_model: width,
      head_dim: config.head_dim ?? Math.floor(width / heads),
    },
  });
}

function slugOf(folder: string): string {
  const words = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return words.slice(0, 80).replace(/-$/, '') || 'model';
}

function notAModel(path: string, why: string): Refusal {
  return new Refusal({
    code: 'no-model',
    what: `the folder ${path} is no model`,
    why,
    instead:
      'name a folder in Hugging Face format (config.json, tokenizer, safetensors), or a model of `recircuit models list`',
  });
}
