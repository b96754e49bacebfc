/**
 * JSON Schema -> frozen Python dataclasses. Only the plain subset that the contract uses is known; anything else throws,
 * so that nothing is lost on the way without a word. An optional field is None in Python and absent in JSON, never null.
 */
import type { JsonSchema } from './schema.ts';

type Defs = Readonly<Record<string, JsonSchema>>;

const HEADER = `"""Generated from src/contract and tools/*/tool.ts by \`npm run generate\`. Do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
`;

/** Returns the module with one class per object and one alias per union. */
export function renderPython(schema: JsonSchema): string {
  const defs = schema['$defs'] as Defs;
  const classes: string[] = [];
  const aliases: string[] = [];
  for (const [name, def] of Object.entries(defs)) {
    if (def['oneOf'] ?? def['anyOf']) aliases.push(`${name} = ${pythonType(def, name)}`);
    else classes.push(dataclassOf(name, def));
  }
  return `${HEADER}\n\n${[...classes, aliases.join('\n')].join('\n\n\n')}\n`;
}

function dataclassOf(name: string, def: JsonSchema): string {
  if (def['type'] !== 'object') throw new Error(`${name}: only objects and unions of objects can cross the wire`);
  const required = new Set((def['required'] ?? []) as string[]);
  const fields = Object.entries((def['properties'] ?? {}) as Defs);
  // Python wants fields with a default last.
  const ordered = [
    ...fields.filter(([field]) => required.has(field)),
    ...fields.filter(([field]) => !required.has(field)),
  ];
  const lines = ordered.map(([field, type]) => {
    const about = typeof type['description'] === 'string' ? `\n    ${docstring(type['description'])}` : '';
    if (!canName(field)) throw new Error(`${name}.${field}: Python cannot have a field of this name`);
    const absent = required.has(field) ? '' : ' | None = None';
    return `    ${field}: ${pythonType(type, `${name}.${field}`)}${absent}${about}`;
  });
  const about = typeof def['description'] === 'string' ? `    ${docstring(def['description'])}\n\n` : '';
  return `@dataclass(frozen=True)\nclass ${name}:\n${about}${lines.join('\n') || '    pass'}`;
}

function pythonType(schema: JsonSchema, where: string): string {
  const ref = schema['$ref'];
  if (typeof ref === 'string') return ref.replace('#/$defs/', '');
  const union = (schema['oneOf'] ?? schema['anyOf']) as JsonSchema[] | undefined;
  if (union) return union.map((member) => pythonType(member, where)).join(' | ');
  if (Array.isArray(schema['type'])) {
    return schema['type'].map((type: unknown) => pythonType({ ...schema, type }, where)).join(' | ');
  }
  if ('const' in schema) return `Literal[${literal(schema['const'])}]`;
  if (Array.isArray(schema['enum'])) return `Literal[${schema['enum'].map(literal).join(', ')}]`;
  switch (schema['type']) {
    case 'string':
      return 'str';
    case 'integer':
      return 'int';
    case 'number':
      return 'float';
    case 'boolean':
      return 'bool';
    case 'null':
      return 'None';
    case 'array':
      if (!schema['items']) throw new Error(`${where}: an array needs one schema for all its items`);
      return `tuple[${pythonType(schema['items'] as JsonSchema, where)}, ...]`;
    case 'object': {
      const values = schema['additionalProperties'];
      if (typeof values === 'object' && values !== null) return `dict[str, ${pythonType(values as JsonSchema, where)}]`;
      throw new Error(`${where}: a nested object needs .meta({ id }) to become a class`);
    }
    case undefined:
      if (Object.keys(schema).every((key) => key === 'description' || key === 'default')) return 'Any';
  }
  throw new Error(`${where}: no Python type for ${JSON.stringify(schema)}`);
}

/** Words of Python that a schema could plausibly use as a field; `from` and `with` are English. */
const KEYWORDS: ReadonlySet<string> = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False'.split(
    ' ',
  ),
);

function canName(field: string): boolean {
  return /^[A-Za-z_]\w*$/.test(field) && !KEYWORDS.has(field);
}

function docstring(text: string): string {
  return `"""${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"""`;
}

function literal(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
