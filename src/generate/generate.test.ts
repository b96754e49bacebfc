import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../root.ts';
import { outputs } from './outputs.ts';
import { renderPython } from './python.ts';
import { contractSchema, type JsonSchema } from './schema.ts';

describe('generated files', () => {
  it.each(outputs.map(({ path, render }) => [path, render] as const))(
    '%s is current; if not, run `npm run generate`',
    (path, render) => {
      expect(readFileSync(join(root, path), 'utf8')).toBe(render());
    },
  );
  it('are the same each time', () => {
    for (const { render } of outputs) expect(render()).toBe(render());
  });
});

describe('the contract schema', () => {
  const defs = contractSchema()['$defs'] as Record<string, JsonSchema>;
  it('names every object and closes it, so that a misspelt field is refused on both sides', () => {
    for (const def of Object.values(defs)) {
      if (def['type'] === 'object') expect(def['additionalProperties']).toBe(false);
      else expect(def['oneOf'] ?? def['anyOf']).toBeDefined();
    }
  });
  it('refers only to what it holds', () => {
    for (const [, name] of JSON.stringify(defs).matchAll(/#\/\$defs\/(\w+)/g))
      expect(Object.keys(defs)).toContain(name);
  });
});

describe('JSON Schema to Python', () => {
  const python = (field: JsonSchema): string => {
    const thing = { type: 'object', properties: { field }, required: ['field'], additionalProperties: false };
    const lines = renderPython({ $defs: { Thing: thing } }).split('\n');
    return lines.find((line) => line.startsWith('    field: '))?.slice('    field: '.length) ?? '';
  };

  it.each<[JsonSchema, string]>([
    [{ type: 'string', pattern: 'x' }, 'str'],
    [{ type: 'integer', minimum: 0 }, 'int'],
    [{ type: 'number' }, 'float'],
    [{ type: 'boolean' }, 'bool'],
    [{ type: 'null' }, 'None'],
    [{ type: ['string', 'null'] }, 'str | None'],
    [{ const: 'mean' }, 'Literal["mean"]'],
    [{ const: 2 }, 'Literal[2]'],
    [{ enum: ['a', 'b'] }, 'Literal["a", "b"]'],
    [{ type: 'array', items: { type: 'array', items: { type: 'integer' } } }, 'tuple[tuple[int, ...], ...]'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'dict[str, float]'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, 'int | None'],
    [{ $ref: '#/$defs/Other' }, 'Other'],
    [{ anyOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }] }, 'A | B'],
    [{}, 'Any'],
    [{ description: 'anything' }, 'Any'],
  ])('%j is %s', (schema, type) => expect(python(schema)).toBe(type));

  it.each<[string, JsonSchema]>([
    ['an unnamed object', { type: 'object', properties: { a: { type: 'string' } } }],
    ['an open object', { type: 'object' }],
    ['an unknown type', { type: 'decimal' }],
    ['allOf', { allOf: [{ type: 'string' }] }],
    ['not', { not: { type: 'string' } }],
    ['a bare pattern', { pattern: 'x' }],
    ['prefixItems', { type: 'array', prefixItems: [{ type: 'string' }] }],
  ])('throws on %s', (_, schema) => expect(() => python(schema)).toThrow('Thing.field'));

  it('throws on a field that Python cannot name', () => {
    const thing = (field: string): JsonSchema => ({
      $defs: { Thing: { type: 'object', properties: { [field]: { type: 'string' } } } },
    });
    for (const field of ['from', 'class', 'a-b', '2nd'])
      expect(() => renderPython(thing(field))).toThrow(`Thing.${field}`);
    expect(renderPython(thing('null'))).toContain('    null: str');
  });
  it('throws on a name that is neither object nor union', () => {
    expect(() => renderPython({ $defs: { Name: { type: 'string' } } })).toThrow('Name: only objects');
  });
  it('writes descriptions that cannot end their docstring', () => {
    const thing = {
      type: 'object',
      description: 'say "so"',
      properties: { a: { type: 'string', description: 'a \\ and """ and "' } },
    };
    const text = renderPython({ $defs: { Thing: thing } });
    expect(text).toContain('    """say \\"so\\""""');
    expect(text).toContain('    """a \\\\ and \\"\\"\\" and \\""""');
  });
  it('puts optional fields last, with a default', () => {
    const properties = { may: { type: 'integer' }, must: { type: 'string' } };
    const text = renderPython({ $defs: { Thing: { type: 'object', properties, required: ['must'] } } });
    expect(text).toContain('    must: str\n    may: int | None = None');
  });
  it('an object without fields, and a union', () => {
    const text = renderPython({
      $defs: { Empty: { type: 'object' }, Either: { oneOf: [{ $ref: '#/$defs/Empty' }, { type: 'null' }] } },
    });
    expect(text).toContain('class Empty:\n    pass');
    expect(text).toContain('\nEither = Empty | None\n');
  });
});
