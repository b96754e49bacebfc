/** The planners by name: one line each. A name may carry a model: `anthropic:claude-opus-5-5`. */
import type { Planner } from '../ports.ts';
import { anthropic } from './anthropic/index.ts';
import type { Connection } from './anthropic/send.ts';
import type { Prompts } from './language/opening.ts';
import { scripted } from './scripted.ts';

export type { Connection } from './anthropic/send.ts';
export { Prompts } from './language/opening.ts';

/** What planners that ask a language model need from outside; read when one of them is chosen. */
export interface Outside {
  readonly prompts: () => Prompts;
  readonly anthropic: () => Connection;
}

/** @param model the part of the name after the colon, if there is one */
type Make = (model: string | undefined, outside: Outside) => Planner | undefined;

const planners: Readonly<Record<string, Make>> = {
  [scripted.id]: (model) => (model === undefined ? scripted : undefined),
  anthropic: (model, outside) => anthropic({ model, connection: outside.anthropic(), prompts: outside.prompts() }),
};

export const plannerNames: readonly string[] = Object.keys(planners);

/** Returns undefined for a name that is not known, or that carries a model which nobody would ask. */
export function plannerNamed(name: string, outside: Outside): Planner | undefined {
  const [, kind = '', model] = /^([\w-]+)(?::(.+))?$/.exec(name) ?? [];
  return Object.hasOwn(planners, kind) ? planners[kind]?.(model, outside) : undefined;
}
