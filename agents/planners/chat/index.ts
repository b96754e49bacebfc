/** Any chat model that LangChain reaches. The name `chat:<provider>:<model>` stands in the record, so that a resumed run asks the same one. */
import { Refusal } from '../../../src/contract/index.ts';
import type { Planner } from '../../ports.ts';
import type { ContextLimit } from '../language/asked.ts';
import type { Prompts } from '../language/opening.ts';
import { reviewingPlanner } from '../language/review.ts';
import { type Connection, PACE, type Pace, sender } from '../language/send.ts';
import { carrier, type Named } from './carrier.ts';
import { type Provider, providers } from './providers.ts';

interface Options {
  /** `openai:gpt-5`; a model's own name may hold colons. */
  readonly name: string | undefined;
  readonly connection: (provider: string) => Connection;
  readonly prompts: Prompts;
  /** For tests of faults, which cannot wait for minutes. */
  readonly pace?: Pace | undefined;
  readonly context?: ContextLimit | undefined;
}

/** @throws Refusal for a name without provider or model, and for a provider that is not ours */
export function chat({ name = '', connection, prompts, pace = PACE, context }: Options): Planner {
  const { provider, model, means } = named(name);
  return reviewingPlanner({
    id: `chat:${provider}:${model}`,
    model,
    prompts,
    sender: sender(carrier({ provider, model }, means, connection(provider)), pace),
    context: context ?? means.context,
  });
}

/** LangChain sends these to OpenAI's Responses API, whose replies are not read here. */
const RESPONSES_ONLY = /codex|gpt-5\.\d+-pro/;

function named(name: string): Named & { means: Provider } {
  const [, provider = '', model = ''] = /^([\w-]+):(.+)$/.exec(name) ?? [];
  const means = Object.hasOwn(providers, provider) ? providers[provider] : undefined;
  if (means === undefined) {
    const known = Object.keys(providers).map((one) => `chat:${one}:<model>`);
    const why = provider === '' ? 'it names a provider and a model' : `the provider ${provider} is not one of ours`;
    throw refused(name, why, `use ${known.join(', ')}; most other servers speak as openai does, at OPENAI_BASE_URL`);
  }
  if (provider === 'openai' && RESPONSES_ONLY.test(model)) {
    throw refused(name, 'that model answers on the Responses API only', 'name a model of the Chat Completions API');
  }
  return { provider, model, means };
}

function refused(name: string, why: string, instead: string): Refusal {
  return new Refusal({ code: 'unknown-planner', what: `the planner chat${name && `:${name}`}`, why, instead });
}
