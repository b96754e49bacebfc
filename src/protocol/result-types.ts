/**
 * What the steps of a protocol give, read off the output schemas of their tools, so that a path to a field that no tool has is found
 * before a run. It knows shapes and bounds; whether a step can be reached at all is looked at in `problems.ts`.
 */
import * as z from 'zod';
import { findTool } from '../../tools/index.ts';
import { nameIn, type Protocol } from '../contract/index.ts';
import { nearest } from './names.ts';

/** A node of a JSON schema, as far as it is read here. Without fields it may hold anything. */
export interface ResultType {
  readonly type?: string;
  readonly items?: ResultType;
  readonly properties?: Readonly<Record<string, ResultType>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, ResultType>>;
}

export type ResultTypes = ReadonlyMap<string, ResultType>;
type Item = Protocol['measurements'][number];

/** Returns what is known of each result after these steps. Steps of unknown tools are left out: others tell of them. */
export function typesAfter(items: readonly Item[], before: ResultTypes = new Map()): ResultTypes {
  const types = new Map(before);
  for (const item of items) {
    if ('pick' in item) {
      const taken = typeAt(`${item.pick.from}[].${item.pick.take}`, types);
      types.set(item.name, 'why' in taken ? {} : taken);
      continue;
    }
    const output = outputOf(item.tool);
    if (output === undefined) continue;
    types.set(item.name, 'over' in item && item.over ? { type: 'array', items: output } : output);
  }
  return types;
}

/** Made once for each tool: a protocol asks for a few of them again and again. */
const outputs = new Map<string, ResultType>();

function outputOf(name: string): ResultType | undefined {
  const tool = findTool(name);
  if (tool === undefined) return undefined;
  const made = outputs.get(name) ?? inlined(z.toJSONSchema(tool.output, { io: 'output' }) as ResultType);
  outputs.set(name, made);
  return made;
}

/** Returns the type at a path, or why there is none. What is not known may hold anything. */
export function typeAt(path: string, types: ResultTypes): ResultType | { readonly why: string } {
  const name = nameIn(path);
  let node = types.get(name);
  if (node === undefined) return {};
  let mapped = path.split('.')[0]?.endsWith('[]') === true;
  if (mapped) node = node.items ?? {};
  for (const word of path.split('.').slice(1)) {
    if (word === '#') return { type: 'integer', minimum: 0 };
    if (/^\d+$/.test(word) && (node.type === 'array' || node.items !== undefined)) {
      node = node.items ?? {};
      continue;
    }
    const field = word.replace('[]', '');
    const fields: ResultType['properties'] = node.properties;
    if (fields !== undefined && !(field in fields)) {
      const near = nearest(field, Object.keys(fields));
      const known = near === undefined ? `it has ${Object.keys(fields).join(', ')}` : `did you mean "${near}"?`;
      return { why: `there is no "${field}" in it; ${known}` };
    }
    node = fields?.[field] ?? {};
    if (!word.endsWith('[]')) continue;
    mapped = true;
    node = node.items ?? {};
  }
  return mapped ? { type: 'array', items: node } : node;
}

/** Bounds of the numbers at a path: of its items, where it leads to a list. */
export function boundsAt(path: string, types: ResultTypes): { low: number; high: number } {
  const found = typeAt(path, types);
  const node = 'why' in found ? {} : (found.items ?? found);
  return { low: node.minimum ?? Number.NEGATIVE_INFINITY, high: node.maximum ?? Number.POSITIVE_INFINITY };
}

/** Schemas refer to named parts by `$ref`; here each part stands where it is used. */
function inlined(root: ResultType): ResultType {
  const follow = (node: ResultType): ResultType => {
    const name = node.$ref?.replace('#/$defs/', '');
    const { items, properties, ...rest } = name === undefined ? node : { ...root.$defs?.[name], ...node };
    return {
      ...rest,
      ...(items === undefined ? {} : { items: follow(items) }),
      ...(properties === undefined
        ? {}
        : { properties: Object.fromEntries(Object.entries(properties).map(([key, field]) => [key, follow(field)])) }),
    };
  };
  return follow(root);
}
