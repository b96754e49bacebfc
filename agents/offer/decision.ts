/** What a language model's tool call asks for, parsed strictly: an action, a look at more rows, or why it is neither. */
import * as z from 'zod';
import { type Json, type JsonObject, Refusal } from '../../src/contract/index.ts';
import { evaluate } from '../../src/expression/index.ts';
import { findTool } from '../../tools/index.ts';
import { Action } from '../action.ts';
import type { Unusable } from '../answer.ts';
import type { Observation } from '../ports.ts';
import { More, showMore } from '../show/more.ts';
import { showResult } from '../show/result.ts';
import { scopeOf } from '../values.ts';
import { offered, Wrapper } from './offered.ts';

export type Decision = Action | Unusable | { readonly kind: 'shown'; readonly text: string };

/** Contract: never throws for anything that a model may send. `input` is JSON that was complete, not repaired. */
export function decisionOf(name: string, input: Json, observation: Observation): Decision {
  try {
    return decided(name, input, observation);
  } catch (error) {
    if (error instanceof Refusal) return unusable(error.message);
    throw error;
  }
}

function decided(name: string, input: Json, observation: Observation): Decision {
  const scope = scopeOf(observation);
  if (name === 'plan') return actionOf({ kind: 'plan', plan: input });
  if (name === 'give_up') return actionOf({ ...(input as JsonObject), kind: 'give-up' });
  if (name === 'claim') return actionOf({ kind: 'claim', claim: evaluate(input, scope) });
  if (name === 'more') {
    const asked = More.safeParse(input);
    if (!asked.success) return unusable(z.prettifyError(asked.error));
    const { of, list } = asked.data;
    const result = list === '' ? observation.results[of] : undefined;
    return { kind: 'shown', text: result ? showResult(of, result) : showMore(asked.data, scope.values) };
  }
  const tool = findTool(name);
  if (!tool)
    return unusable(
      `there is no tool ${name}; there are ${offered()
        .map((one) => one.name)
        .join(', ')}`,
    );
  const outer = Wrapper.safeParse(input);
  if (!outer.success) return unusable(z.prettifyError(outer.error));
  const given = evaluate(outer.data.input, scope);
  const inner = tool.input.safeParse(given);
  if (!inner.success) return unusable(z.prettifyError(inner.error));
  return actionOf({ kind: 'tool', tool: name, ...outer.data, input: given });
}

function actionOf(action: unknown): Decision {
  const parsed = Action.safeParse(action);
  return parsed.success ? parsed.data : unusable(z.prettifyError(parsed.error));
}

function unusable(why: string): Unusable {
  return { kind: 'unusable', why };
}
