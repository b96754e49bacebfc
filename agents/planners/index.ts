/** The planners by name: one line each. A name may carry a model: `anthropic:claude-opus-5-5`, `chat:ollama:qwen3`. */
import type { Planner } from '../ports.ts';
import { anthropic } from './anthropic/index.ts';
import { chat } from './chat/index.ts';
import { EXTERNAL, external } from './external/index.ts';
import { human, type Person } from './human/index.ts';
import type { Prompts } from './language/opening.ts';
import type { Connection } from './language/send.ts';
import { scripted } from './scripted.ts';

export { Desk, type OutsideCall } from './external/desk.ts';
export { EXTERNAL, external } from './external/index.ts';
export { fromTheStart, newest, type Told } from './external/told.ts';
export { LEFT, type Person } from './human/index.ts';
export { Prompts, systemOf } from './language/opening.ts';
export type { Connection } from './language/send.ts';

/** What planners need from outside; read when one of them is chosen. */
export interface Outside {
  readonly prompts: () => Prompts;
  readonly anthropic: () => Connection;
  readonly chat: (provider: string) => Connection;
  readonly person: () => Person;
}

/** @param model the part of the name after the first colon, if there is one */
type Make = (model: string | undefined, outside: Outside) => Planner | undefined;

const planners: Readonly<Record<string, Make>> = {
  [scripted.id]: (model) => (model === undefined ? scripted : undefined),
  anthropic: (model, outside) => anthropic({ model, connection: outside.anthropic(), prompts: outside.prompts() }),
  human: (model, outside) => (model === undefined ? human(outside.person()) : undefined),
  chat: (name, outside) => chat({ name, connection: outside.chat, prompts: outside.prompts() }),
  [EXTERNAL]: (model, outside) => (model === undefined ? external({ prompts: outside.prompts() }) : undefined),
};

export const plannerNames: readonly string[] = Object.keys(planners);

/** Returns undefined for a name that is not known, or that carries a model which nobody would ask. @throws Refusal where the model is none */
export function plannerNamed(name: string, outside: Outside): Planner | undefined {
  const [, kind = '', model] = /^([\w-]+)(?::(.+))?$/.exec(name) ?? [];
  return Object.hasOwn(planners, kind) ? planners[kind]?.(model, outside) : undefined;
}
