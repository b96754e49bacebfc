/** The organism that a command names: its card, its recipe, its folder, and what a build left there. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  BuiltCard,
  type CurriculumRecipe,
  type HandRecipe,
  type ModelCard,
  type OrganismRecipe,
  Refusal,
} from '../contract/index.ts';
import { loadModelCard } from '../protocol/index.ts';
import { root } from '../root.ts';

export interface Organism {
  readonly name: string;
  readonly card: ModelCard;
  readonly recipe: OrganismRecipe | CurriculumRecipe | HandRecipe;
  readonly folder: string;
}

/** @throws Refusal for an unknown model, or one that is not trained by a recipe of ours */
export function organismNamed(name: string, out?: string): Organism {
  const card = loadModelCard(name);
  if (card.where.kind === 'organism') {
    return {
      name,
      card,
      recipe: card.where.recipe,
      folder: out === undefined ? join(root, card.where.folder) : resolve(out),
    };
  }
  throw new Refusal({
    code: 'no-organism',
    what: `the model ${name} has no recipe`,
    why: 'its weights were made by others',
    instead: 'name an organism of `recircuit models`',
  });
}

/** Returns the card that the build left beside the weights, or undefined where nothing has been built. @throws Refusal for a bad card */
export function builtCard(folder: string): BuiltCard | undefined {
  const file = join(folder, 'card.json');
  if (!existsSync(file)) return undefined;
  try {
    return BuiltCard.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new Refusal(
      {
        code: 'bad-card',
        what: `${file} cannot be used`,
        why: 'it is not a card that a build has written',
        instead: 'build the model again with --force',
      },
      { cause },
    );
  }
}
