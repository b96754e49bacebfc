/** What Tab offers: pure, from the line so far and what the run holds. */
import { ArtifactRef, EvidenceKind, type Json, type JsonObject } from '../../../src/contract/index.ts';
import { offered } from '../../offer/offered.ts';
import type { Observation } from '../../ports.ts';
import { scopeOf } from '../../values.ts';
import { choicesOf, fieldsOf, schemasAt } from './schema.ts';

/** Words that are no action. */
export const COMMANDS = ['help', 'tools', 'quit'];

/** Returns what may stand in the place of the last word, and that word, as readline wants it. */
export function completions(line: string, observation: Observation): [string[], string] {
  const [, before = '', word = ''] = /^(.*?)(\S*)$/s.exec(line.trimStart()) ?? [];
  const [name] = before.split(/\s+/);
  const all = name ? candidates(name, word, before, observation) : [...COMMANDS, ...names()];
  return [[...new Set(all)].filter((one) => one.startsWith(word)), word];
}

const names = (): string[] => offered().map(({ name }) => name);

function candidates(name: string, word: string, before: string, observation: Observation): string[] {
  const { protocol, results } = observation;
  if (name === 'tools') return names();
  if (name === 'plan') return ['intent="', ...published(protocol)];
  const schema = offered().find((one) => one.name === name)?.schema;
  if (schema === undefined) return [];
  const [, key, value = ''] = /^([\w.-]+)=(.*)$/s.exec(word) ?? [];
  if (name === 'more' && key === undefined) return moreWords(before, results);
  if (name === 'claim') return claimWords(key, value, observation, schema);
  if (key === undefined) return keys(schema);
  const path = ['name', 'serves', 'because'].includes(key) || name === 'more' ? key : `input.${key}`;
  if (key === 'serves')
    return listed(
      key,
      value,
      protocol.criteria.map(({ id }) => id),
    );
  return listed(key, value, [
    ...choicesOf(schemasAt(schema, path.split('.'))),
    ...references(observation),
    ...components(observation),
  ]);
}

/** The steps of the published procedure, as items of a plan. */
function published({ procedure }: Observation['protocol']): string[] {
  return procedure.flatMap((item) => ('tool' in item ? [`${item.name}=${item.tool}:${item.serves.join(',')}`] : []));
}

function moreWords(before: string, results: Observation['results']): string[] {
  const [, of] = before.trim().split(/\s+/);
  if (of === undefined) return Object.keys(results);
  const output = Object.hasOwn(results, of) ? results[of]?.output : {};
  const lists = Object.entries(output ?? {}).flatMap(([list, value]) => (Array.isArray(value) ? [list] : []));
  return [...lists, 'from=', 'count=', 'largest=', 'where='];
}

function claimWords(key: string | undefined, value: string, observation: Observation, schema: JsonObject): string[] {
  const { roles, claim_from } = observation.protocol;
  const named = [...roles.map(({ role }) => role), ...Object.keys(claim_from.settings)];
  if (key === undefined) {
    const others = fieldsOf(schemasAt(schema, [])).filter((field) => !['roles', 'settings', 'cites'].includes(field));
    return [...named, ...EvidenceKind.options, ...others].map((one) => `${one}=`);
  }
  if (roles.some(({ role }) => role === key))
    return listed(key, value, [...references(observation), ...components(observation)]);
  if (named.includes(key)) return listed(key, value, references(observation));
  return listed(key, value, Object.keys(observation.results));
}

/** `a,b,` goes on with a further item. */
function listed(key: string, value: string, items: readonly string[]): string[] {
  const done = value.slice(0, value.lastIndexOf(',') + 1);
  return items.map((item) => `${key}=${done}${item}`);
}

/** Paths of all arguments, those of nested objects spelled out. */
function keys(schema: JsonObject): string[] {
  const inner = (path: readonly string[], depth: number): string[] =>
    fieldsOf(schemasAt(schema, path)).flatMap((field) => {
      const at = [...path, field];
      const below = depth > 0 ? inner(at, depth - 1) : [];
      return below.length > 0 ? below : [`${at.slice(1).join('.')}=`];
    });
  return ['name=', 'serves=', 'because=', ...inner(['input'], 1)];
}

/** What results and selections hold, by reference: artifacts, components, selections. */
function references(observation: Observation): string[] {
  const found = ['$seed'];
  for (const [name, value] of Object.entries(scopeOf(observation).values)) {
    if (Array.isArray(value)) found.push(`$${name}`);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) continue;
    for (const [field, inner] of Object.entries(value)) found.push(...referencesTo(`$${name}.${field}`, inner));
  }
  return found;
}

function referencesTo(path: string, value: Json): string[] {
  if (ArtifactRef.safeParse(value).success) return [`${path}.sha256`];
  if (!Array.isArray(value)) return [];
  return value.some((row) => componentOf(row) !== undefined) ? [`${path}[].component`] : [path];
}

function components(observation: Observation): string[] {
  const lists = Object.values(observation.results).flatMap(({ output }) => Object.values(output).filter(Array.isArray));
  return lists.flatMap((rows) => (rows as Json[]).flatMap((row) => componentOf(row) ?? []));
}

function componentOf(row: Json): string | undefined {
  const component = row !== null && typeof row === 'object' && !Array.isArray(row) ? row['component'] : undefined;
  return typeof component === 'string' ? component : undefined;
}
