/**
 * The tools that a language model is offered: one for each experiment, and plan, claim, give_up and more. The same list in every
 * request of a run, whatever the provider, so that it can be cached.
 */
import type * as z from 'zod';
import { Claim, type Json, type JsonObject, Plan } from '../../src/contract/index.ts';
import { schemaForModel, type Tool, tools } from '../../tools/index.ts';
import { Action } from '../action.ts';
import { More } from '../show/more.ts';

export interface OfferedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input, an object at its root. */
  readonly schema: JsonObject;
}

const [, ToolAction, , GiveUp] = Action.options;
/** What stands around the input of every experiment. */
export const Wrapper = ToolAction.omit({ kind: true, tool: true });
export const Reason = GiveUp.omit({ kind: true });

const OURS: readonly { name: string; description: string; input: z.ZodObject }[] = [
  {
    name: 'plan',
    description: 'Seal the plan, before the first experiment: what you will do, and which criterion each item serves.',
    input: Plan,
  },
  {
    name: 'more',
    description:
      'Show further rows of a result that you have: paged, filtered, ordered. It runs nothing and costs no call.',
    input: More,
  },
  {
    name: 'claim',
    description:
      'Hand in the claim, once. It is sealed, and then the protocol measures it on prompts that you never saw.',
    input: Claim,
  },
  {
    name: 'give_up',
    description: 'End the run without a claim. An honest end where the evidence does not carry one.',
    input: Reason,
  },
];

let made: readonly OfferedTool[] | undefined;

export function offered(): readonly OfferedTool[] {
  made ??= [...tools.map(experiment), ...OURS.map(own)];
  return made;
}

function experiment(tool: Tool): OfferedTool {
  const input = Wrapper.extend({ input: tool.input });
  return { name: tool.name, description: tool.description, schema: schemaWithReferences(input) };
}

function own({ name, description, input }: (typeof OURS)[number]): OfferedTool {
  return { name, description, schema: schemaWithReferences(input) };
}

const FROM: JsonObject = {
  type: 'object',
  properties: { $from: { type: 'string', description: 'path in a result by its name, such as means.means.sha256' } },
  required: ['$from'],
  additionalProperties: false,
};
const REFERENCE: JsonObject = {
  anyOf: [FROM, { type: 'object', properties: { $others: FROM }, required: ['$others'], additionalProperties: false }],
  description:
    'Stands for what an earlier result or selection holds; $others: for as many random heads of the same layers.',
};

/** Artifacts and lists may be given as `{"$from": path}`: 64 hex digits or forty heads are not copied by hand. */
function schemaWithReferences(input: z.ZodObject): JsonObject {
  const schema = widened(schemaForModel({ input })) as JsonObject;
  return { ...schema, $defs: { ...(schema['$defs'] as JsonObject | undefined), Reference: REFERENCE } };
}

function widened(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(widened);
  if (schema === null || typeof schema !== 'object') return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, widened(value)]));
  if (schema['type'] !== 'array' && schema['pattern'] !== '^[0-9a-f]{64}$') return inner;
  const { description, ...rest } = inner;
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, { $ref: '#/$defs/Reference' }] };
}
