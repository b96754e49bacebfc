/** What a typed line asks for, in the form in which a language model would ask: the name of an offered tool, and its input. */
import { EvidenceKind, type Json, type JsonObject } from '../../../src/contract/index.ts';
import { offered } from '../../offer/offered.ts';
import type { Observation } from '../../ports.ts';
import { type Line, lineOf, meaningOf, split, unreadable } from './line.ts';
import { isOnly, schemasAt } from './schema.ts';

export interface Request {
  readonly name: string;
  readonly input: Json;
}

/** @throws Refusal for what cannot be read */
export function requestOf(text: string, observation: Observation): Request {
  if (text.trimStart().startsWith('{')) return fromJson(text, observation);
  const line = lineOf(text);
  const schema = offered().find(({ name }) => name === line.name)?.schema;
  // What is no tool is said by whoever knows the tools.
  if (schema === undefined) return { name: line.name, input: {} };
  if (line.name === 'give_up') return { name: line.name, input: { reason: line.rest } };
  if (line.name === 'more') return { name: line.name, input: filled(schema, [...positional(line), ...line.pairs], []) };
  const [stray] = line.words;
  if (stray !== undefined) throw unreadable(stray, `after ${line.name} come pairs such as key=value`);
  if (line.name === 'plan') return { name: line.name, input: planOf(line, schema) };
  if (line.name === 'claim') return { name: line.name, input: claimOf(line, schema, observation) };
  return { name: line.name, input: wrapped(experimentOf(line, schema), line.name, observation) };
}

/** The words of an action as the record has them, or as tools have them. */
function fromJson(text: string, observation: Observation): Request {
  const { kind, ...rest } = meaningOf(text.trim()) as JsonObject;
  if (kind === 'plan') return { name: 'plan', input: rest['plan'] ?? rest };
  if (kind === 'claim') return { name: 'claim', input: cited((rest['claim'] ?? rest) as JsonObject, observation) };
  if (kind === 'give-up') return { name: 'give_up', input: rest };
  if (kind === 'more') return { name: 'more', input: rest };
  const { tool, ...input } = rest;
  if (kind !== 'tool' || typeof tool !== 'string')
    throw unreadable(text.slice(0, 60), 'its `kind` is none of plan, tool, more, claim and give-up');
  return { name: tool, input: wrapped(input, tool, observation) };
}

/** `more matching heads` is `more of=matching list=heads`. */
function positional({ words }: Line): [string, string][] {
  const names = ['of', 'list'];
  return words.map((word, index) => [names[index] ?? word, word]);
}

/** `plan intent="…" matching=attention_scores:N1,N2`: every key but `intent` is an experiment. */
function planOf({ pairs }: Line, schema: JsonObject): JsonObject {
  const items = pairs
    .filter(([key]) => key !== 'intent')
    .map(([name, value]) => {
      const [tool = '', serves = ''] = value.split(':');
      return { name, tool, serves: split(serves, ',') };
    });
  return {
    intent: '',
    ...filled(
      schema,
      pairs.filter(([key]) => key === 'intent'),
      [],
    ),
    items,
  };
}

/** Roles, settings and kinds of evidence may be named by themselves. */
function claimOf({ pairs }: Line, schema: JsonObject, observation: Observation): JsonObject {
  const { roles, claim_from } = observation.protocol;
  const place = (key: string): string => {
    if (roles.some(({ role }) => role === key)) return `roles.${key}`;
    if (Object.hasOwn(claim_from.settings, key)) return `settings.${key}`;
    return EvidenceKind.safeParse(key).success ? `cites.${key}` : key;
  };
  const claim = filled(
    schema,
    pairs.map(([key, value]) => [place(key), value] as const),
    [],
  );
  return cited({ roles: {}, settings: {}, statement: '', ...claim }, observation);
}

/** What a claim cites may be named as its result is; what it claims stays as it is. */
function cited(
  { roles = {}, settings = {}, statement = '', ...evidence }: JsonObject,
  { results }: Observation,
): JsonObject {
  const acts = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(acts);
    if (typeof value === 'string') return Object.hasOwn(results, value) ? (results[value]?.act ?? value) : value;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, acts(one)]));
  };
  return { roles, settings, statement, ...(acts(evidence) as JsonObject) };
}

const AROUND = ['name', 'serves', 'because'];

function experimentOf({ pairs }: Line, schema: JsonObject): JsonObject {
  const isAround = ([key]: readonly [string, string]): boolean => AROUND.includes(key);
  const around = filled(schema, pairs.filter(isAround), []);
  return {
    ...around,
    input: filled(
      schema,
      pairs.filter((pair) => !isAround(pair)),
      ['input'],
    ),
  };
}

/** A name that is not given is that of the planned experiment, or the tool's own; what it serves is as planned. */
function wrapped(given: JsonObject, tool: string, { plan, results, refusals }: Observation): JsonObject {
  const taken = (name: string): boolean => name in results || refusals.some((one) => one.name === name);
  const planned = plan?.items.find((item) => item.tool === tool && !taken(item.name))?.name;
  const own = tool.replaceAll('_', '-');
  const free = [own, ...Array.from({ length: 200 }, (_, n) => `${own}-${n + 2}`)].find((name) => !taken(name));
  const name = given['name'] ?? planned ?? free ?? own;
  const serves = plan?.items.find((item) => item.name === name)?.serves ?? [];
  return { because: '', serves: [...serves], ...given, name };
}

/** Puts values at their paths, as the schema has them: a list may be typed as `a,b`. @param base where the paths begin */
function filled(
  schema: JsonObject,
  pairs: readonly (readonly [string, string])[],
  base: readonly string[],
): JsonObject {
  const object: JsonObject = {};
  for (const [key, text] of pairs) {
    const path = key.split('.');
    if (path.includes('__proto__')) throw unreadable(key, 'nothing has that name');
    const schemas = schemasAt(schema, [...base, ...path]);
    place(object, path, typed(text, schemas));
  }
  return object;
}

function typed(text: string, schemas: readonly JsonObject[]): Json {
  const spelled = /^["$[{]/.test(text) || (text === 'null' && schemas.some(({ type }) => type === 'null'));
  if (spelled) return meaningOf(text);
  if (isOnly('string', schemas)) return text;
  if (!isOnly('array', schemas)) return meaningOf(text);
  const items = schemas.flatMap(({ items }) => (items === undefined ? [] : [items as JsonObject]));
  const textual = items.some(({ type, $ref }) => type === 'string' || $ref !== undefined);
  return split(text, ',').map((one) => (textual && !/^["$[{]/.test(one) ? one : meaningOf(one)));
}

function place(object: JsonObject, [first = '', ...rest]: readonly string[], value: Json): void {
  if (rest.length === 0) {
    object[first] = value;
    return;
  }
  const before = Object.hasOwn(object, first) ? object[first] : undefined;
  const inner = before !== null && typeof before === 'object' && !Array.isArray(before) ? before : {};
  object[first] = inner;
  place(inner, rest, value);
}
