/**
 * Where the search left its plan: calls that were not planned, other tools than planned, planned experiments that never came to a
 * result. Computed from the record; a deviation is shown, never a fault. Acts of the gate and of the verification are not the agent's.
 */
import type { Plan } from './claim.ts';
import type { Step } from './step.ts';

export interface Deviation {
  /** The act, or null for a planned experiment that was never made. */
  readonly act: string | null;
  /** Name of the experiment. */
  readonly name: string;
  /** Foreign names may stand in it. */
  readonly what: string;
  /** What the agent said of the call; empty where there is none. */
  readonly because: string;
}

interface Call {
  readonly act: string;
  readonly name: string;
  readonly tool: string;
  readonly serves: readonly string[];
  readonly because: string;
}

/** Returns the deviations in the order of the calls, then what is missing in the order of the plan. */
export function deviationsOf(steps: readonly Step[]): Deviation[] {
  const plan = steps.flatMap(({ body }) => (body.kind === 'plan' ? [body.plan] : []))[0];
  if (plan === undefined) return [];
  const calls = steps.flatMap(callIn);
  const refused = new Set(steps.flatMap(({ body }) => (body.kind === 'refusal' ? [body.call] : [])));
  const answered = new Set(steps.flatMap(({ body }) => (body.kind === 'tool-result' ? [body.call] : [])));
  const made = calls.flatMap((call) => {
    const what = departure(call, plan);
    return what === null ? [] : [{ act: call.act, name: call.name, what, because: call.because }];
  });
  const missing = plan.items.flatMap(({ name, tool }) => {
    const own = calls.filter((call) => call.name === name);
    if (own.some(({ act }) => answered.has(act))) return [];
    const why = own.some(({ act }) => refused.has(act)) ? 'was refused' : 'never made';
    return [{ act: null, name, what: `planned with ${tool}, ${own.length > 0 ? why : 'never made'}`, because: '' }];
  });
  return [...made, ...missing];
}

function callIn({ act, body }: Step): Call[] {
  const name = /^search\/\d+-(.+)$/.exec(act)?.[1];
  if (body.kind !== 'tool-call' || name === undefined) return [];
  return [{ act, name, tool: body.tool, serves: body.serves, because: body.because }];
}

function departure({ name, tool, serves }: Call, { items }: Plan): string | null {
  const item = items.find((planned) => planned.name === name);
  if (item === undefined) return `not planned (${tool}${serves.length > 0 ? `, for ${serves.join(', ')}` : ''})`;
  if (item.tool !== tool) return `with ${tool}, planned with ${item.tool}`;
  const other = serves.filter((id) => !item.serves.includes(id));
  return other.length === 0 ? null : `for ${other.join(', ')} too, planned for ${item.serves.join(', ')}`;
}

/** One line for a terminal or a page. Contract: may hold foreign text and must pass through `safe` before it is shown. */
export function deviationLine({ name, what, because }: Deviation): string {
  return `${name}: ${what}${because === '' ? '' : `; said of it: ${because}`}`;
}
