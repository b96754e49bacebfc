/**
 * Runs a protocol's measurements in order, each with what the earlier ones gave. What cannot be measured is kept with its
 * reason and never becomes a number; what depends on it is unmeasured for the same reason.
 */
import type * as z from 'zod';
import {
  type Failure,
  type Json,
  type JsonObject,
  type Measurement,
  nameIn,
  type Pick,
  Refusal,
  type ToolStep,
} from '../contract/index.ts';
import { evaluate, type Scope } from './evaluate.ts';
import { pick } from './pick.ts';

type Item = z.infer<typeof Measurement>;
type ControlSets = Readonly<Record<string, readonly (readonly string[])[]>>;
type ToolItem = z.infer<typeof ToolStep> & { over?: { control: string } | undefined };

export interface MeasureCall {
  readonly item: ToolItem;
  readonly input: JsonObject;
  /** From 1: which set of the control that `item.over` names; null without a control. */
  readonly set: number | null;
}

export type MeasureOutcome =
  | { readonly kind: 'result'; readonly output: JsonObject }
  | { readonly kind: 'refusal'; readonly failure: Failure };

export interface Measured {
  /** Name -> output, or a list of outputs, one per control set. */
  readonly values: Record<string, Json>;
  /** Name -> why there is no number. */
  readonly unmeasured: Record<string, string>;
}

/**
 * @param scope values that earlier measurements gave; control sets by control name, in `controlSets`
 * @param call runs one tool; a fault that it throws passes through
 */
export async function measure(
  items: readonly Item[],
  scope: Scope,
  call: (call: MeasureCall) => Promise<MeasureOutcome>,
  controlSets: ControlSets = {},
): Promise<Measured> {
  const values: Record<string, Json> = { ...scope.values };
  const unmeasured: Record<string, string> = {};
  for (const item of items) {
    try {
      const here = { ...scope, values };
      values[item.name] = 'tool' in item ? await run(item, here, call, controlSets) : pick(item.pick, values);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      unmeasured[item.name] = cause(item, unmeasured) ?? error.message;
    }
  }
  return { values, unmeasured };
}

async function run(
  item: ToolItem,
  scope: Scope,
  call: (call: MeasureCall) => Promise<MeasureOutcome>,
  controlSets: ControlSets,
): Promise<Json> {
  if (!item.over) return output(await call({ item, input: evaluate(item.input, scope) as JsonObject, set: null }));
  const { control } = item.over;
  const sets = controlSets[control] ?? [];
  if (sets.length === 0) {
    throw new Refusal({
      code: 'no-control-sets',
      what: item.name,
      why: `control ${control} has no sets on this model`,
      instead: 'use a model with more heads than the claim',
    });
  }
  const outputs: Json[] = [];
  for (const [index, components] of sets.entries()) {
    const bound = { ...scope, controls: { ...scope.controls, [control]: [...components] } };
    outputs.push(output(await call({ item, input: evaluate(item.input, bound) as JsonObject, set: index + 1 })));
  }
  return outputs;
}

function output(outcome: MeasureOutcome): JsonObject {
  if (outcome.kind === 'result') return outcome.output;
  const { code, what, why, instead } = outcome.failure;
  throw new Refusal({ code, what, why, instead });
}

function cause(item: Item, unmeasured: Record<string, string>): string | undefined {
  const name = ('tool' in item ? wants(item.input) : wantsOfPick(item.pick)).find((wanted) => wanted in unmeasured);
  return name === undefined ? undefined : `it needs ${name}, which is unmeasured: ${unmeasured[name]}`;
}

/** Returns the names of the results that an expression reads, in order of appearance. */
export function wants(expression: Json): string[] {
  if (Array.isArray(expression)) return expression.flatMap(wants);
  if (expression === null || typeof expression !== 'object') return [];
  return Object.entries(expression).flatMap(([key, value]) =>
    key === '$from' && typeof value === 'string' ? [nameIn(value)] : wants(value),
  );
}

/** Returns the names of the results that a pick reads. */
export function wantsOfPick({ from, where, otherwise }: Pick): string[] {
  const others = where.flatMap(({ below_field_by, above_field_by }) => [below_field_by?.of, above_field_by?.of]);
  return [from, ...others, otherwise].filter((path) => path !== undefined).map(nameIn);
}
