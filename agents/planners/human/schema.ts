/** What may stand at a path of a tool's input, read from the schema that language models are shown. */
import type { Json, JsonObject } from '../../../src/contract/index.ts';

/** Returns every schema that a value at this path may have: references followed, alternatives side by side. */
export function schemasAt(root: JsonObject, path: readonly string[]): JsonObject[] {
  return path.reduce(
    (found, name) => found.flatMap((schema) => alternatives(fieldOf(schema, name), root)),
    alternatives(root, root),
  );
}

/** Names of the fields that may stand there. */
export function fieldsOf(schemas: readonly JsonObject[]): string[] {
  const names = schemas.flatMap((schema) => Object.keys((schema['properties'] as JsonObject | undefined) ?? {}));
  return [...new Set(names)].filter((name) => !name.startsWith('$'));
}

/** True where a value is of this type, beside null and references: so `12` is text where only text fits. */
export function isOnly(type: 'array' | 'string', schemas: readonly JsonObject[]): boolean {
  const own = schemas.filter((schema) => schema['type'] !== 'null' && schema['properties'] === undefined);
  return own.length > 0 && own.every((schema) => schema['type'] === type);
}

/** Values among which one may choose. */
export function choicesOf(schemas: readonly JsonObject[]): string[] {
  const named = schemas.flatMap((schema) => [
    ...((schema['enum'] as Json[] | undefined) ?? []),
    ...(schema['const'] === undefined ? [] : [schema['const']]),
    ...(schema['type'] === 'boolean' ? [true, false] : []),
  ]);
  return [...new Set(named.map(String))];
}

/** The type in a word, for people. */
export function typeOf(schemas: readonly JsonObject[]): string {
  const choices = choicesOf(schemas);
  if (choices.length > 0) return choices.join('|');
  const types = schemas.flatMap(({ type, properties }) =>
    properties !== undefined && Object.hasOwn(properties as JsonObject, '$from') ? [] : [String(type ?? 'any')],
  );
  return [...new Set(types)].join('|');
}

function fieldOf(schema: JsonObject, name: string): Json | undefined {
  const properties = (schema['properties'] as JsonObject | undefined) ?? {};
  return Object.hasOwn(properties, name) ? properties[name] : schema['additionalProperties'];
}

function alternatives(schema: Json | undefined, root: JsonObject): JsonObject[] {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return [];
  const name = String(schema['$ref'] ?? '').replace('#/$defs/', '');
  if (name !== '') return alternatives((root['$defs'] as JsonObject | undefined)?.[name], root);
  const several = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined;
  return several ? several.flatMap((one) => alternatives(one, root)) : [schema];
}
