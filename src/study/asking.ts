/** What a study asks of the worker: each call by its tool's own schema, its receipt kept, its numbers read pair by pair. */
import { findTool } from '../../tools/index.ts';
import { Fault, type JsonObject, type ModelFacts, type Study, type StudyCall } from '../contract/index.ts';
import { readTensor } from '../store/index.ts';
import type { Component } from './effects.ts';

export type Call = (tool: string, input: JsonObject) => Promise<JsonObject>;

interface Score {
  readonly task: string;
  readonly variant: string;
  readonly logit_difference: number;
  readonly preferred: number;
}

/** What replacing components did to one pair. */
export interface Replaced {
  readonly change: number;
  readonly before: { readonly logit_difference: number };
  readonly counterpart: number;
  readonly alone?: readonly { readonly component: string; readonly change: number }[];
}

/** Components that a call takes at most. */
const MOST = 512;

export class Asking {
  readonly #call: Call;
  readonly #artifacts: string;
  readonly calls: StudyCall[] = [];

  constructor(call: Call, artifacts: string) {
    this.#call = call;
    this.#artifacts = artifacts;
  }

  /** @throws Refusal of the tool; Fault */
  async #ask(name: string, input: JsonObject): Promise<JsonObject> {
    const tool = findTool(name);
    const filled = tool?.input.parse(input) as JsonObject;
    const output = tool?.output.parse(await this.#call(name, filled)) as JsonObject;
    const { receipt } = output as { receipt: StudyCall['receipt'] };
    this.calls.push({ tool: name, input: filled, receipt });
    return output;
  }

  async shown(prompts: JsonObject): Promise<{ scorable: string[]; unscorable: { task: string; why: string }[] }> {
    return (await this.#ask('generate_prompts', { prompts, show: 0 })) as never;
  }

  async behaviour(calls: readonly JsonObject[]): Promise<Score[]> {
    const found: Score[] = [];
    for (const prompts of calls) {
      const { contrasts } = (await this.#ask('measure_behaviour', { prompts })) as unknown as { contrasts: Score[] };
      found.push(...contrasts);
    }
    return found;
  }

  /** Every head replaced at every token by its output in the contrast prompt. */
  async headEffects(calls: readonly JsonObject[], { layers, heads }: ModelFacts): Promise<Component[]> {
    const found = namesOf(layers, heads).map((component): Component => ({ component, effects: [] }));
    for (const prompts of calls) {
      const input = { prompts, replace_by: 'counterfactual', positions: null };
      const { effects } = (await this.#ask('sweep_heads', input)) as unknown as { effects: { sha256: string } };
      const { data } = readTensor(this.#artifacts, effects.sha256); // (pair, 1, layer, head)
      for (const [index, value] of data.entries()) found[index % found.length]?.effects.push(value);
    }
    return found;
  }

  /** Every MLP replaced by itself, in the same way. */
  async mlpEffects(calls: readonly JsonObject[], { layers }: ModelFacts): Promise<Component[]> {
    const names = Array.from({ length: layers }, (_, layer) => `m${layer}`);
    const rows = await this.replaced(calls, names, true);
    return names.map((component, index) => ({
      component,
      effects: rows.map(({ alone }) => changeOf(component, alone?.[index])),
    }));
  }

  /** These components replaced together, pair by pair. */
  async replaced(calls: readonly JsonObject[], components: readonly string[], each = false): Promise<Replaced[]> {
    const found: Replaced[] = [];
    for (const prompts of calls) {
      const input = {
        prompts,
        components: components.slice(0, MOST),
        replace_by: 'counterfactual',
        positions: 'all',
        each,
      };
      const { contrasts } = (await this.#ask('ablate_components', input)) as unknown as { contrasts: Replaced[] };
      found.push(...contrasts);
    }
    return found;
  }

  /** Paths from all heads to the logits, or from some heads to what others read; (receiver, sender) -> effects by pair. */
  async paths(
    calls: readonly JsonObject[],
    senders: readonly string[],
    to: { readonly receivers: readonly string[]; readonly reads: NonNullable<Study['paths'][number]['reads']> } | null,
  ): Promise<number[][][]> {
    const receivers = to === null ? ['logits'] : to.receivers;
    const found = receivers.map(() => senders.map((): number[] => []));
    for (const prompts of calls) {
      const input = {
        prompts,
        senders: [...senders],
        ...(to === null ? {} : { receivers: [...to.receivers], reads: to.reads }),
      };
      const { effects } = (await this.#ask('path_patch', input)) as unknown as { effects: { sha256: string } };
      addPaths(found, readTensor(this.#artifacts, effects.sha256).data);
    }
    return found;
  }
}

/** @throws Fault where a pair was not measured: that is no effect of zero */
function changeOf(component: string, measured: { component: string; change: number } | undefined): number {
  if (measured?.component === component) return measured.change;
  throw new Fault({
    code: 'not-measured',
    what: `the effect of ${component} on a pair`,
    why: 'ablate_components did not tell it',
    instead: 'this is a mistake in the program; report it',
  });
}

/** Adds effects, (pair, 1, receiver, sender), to those found so far, (receiver, sender) -> by pair. */
export function addPaths(found: readonly (readonly number[][])[], data: Iterable<number>): void {
  const each = found.flat();
  for (const [index, value] of [...data].entries()) each[index % each.length]?.push(value);
}

function namesOf(layers: number, heads: number): string[] {
  return Array.from({ length: layers * heads }, (_, index) => `a${Math.floor(index / heads)}.h${index % heads}`);
}
