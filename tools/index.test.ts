import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { facts } from '../src/contract/fixtures/facts.ts';
import type { JsonObject } from '../src/contract/index.ts';
import { root } from '../src/root.ts';
import { findTool, schemaForModel, type Tool, tools } from './index.ts';

const model = facts({ layers: 4, heads: 8 });

const inContext = { kind: 'in-context', tasks: ['antonym', 'synonym'] };
const repeated = { kind: 'repeated-tokens' };
const pairs = { kind: 'contrast-pairs', tasks: ['abba'] };
const sha = 'a'.repeat(64);

/** The least that each tool must be given, and the forwards and rows that this costs on `model`. */
const least: Record<string, readonly [input: JsonObject, forwards: number, rows?: number]> = {
  describe_model: [{}, 0],
  generate_prompts: [{ prompts: inContext }, 0],
  measure_behaviour: [{ prompts: inContext }, 50],
  mean_activations: [{ prompts: inContext }, 50],
  sweep_heads: [{ prompts: inContext, source: sha }, 100, 50 * 32],
  rank_heads: [{ sweep: sha }, 0],
  attribute_edges: [{ prompts: pairs }, 25 * 6],
  find_positions: [{ prompts: pairs }, 75, 25 * 4 * 8],
  edit_attention: [{ prompts: pairs, components: ['a0.h0'], keys: ['IO'] }, 50, 25],
  faithfulness: [{ prompts: pairs, components: ['a0.h0', 'a1.h1'] }, 75, 25 * 5],
  path_patch: [{ prompts: pairs }, 75, 25 * 32],
  attribute_heads: [{ prompts: inContext, source: sha }, 100],
  sweep_layers: [{ prompts: inContext }, 100, 50 * 4],
  direct_logit_attribution: [{ prompts: inContext }, 50],
  logit_lens: [{ prompts: inContext }, 50],
  inject_vector: [{ prompts: inContext, source: sha, components: ['a0.h0'] }, 50, 50 * 4],
  ablate_components: [{ prompts: repeated, components: ['a0.h0'] }, 20, 10],
  attention_scores: [{ prompts: repeated }, 10],
  copy_scores: [{}, 0],
  successor_scores: [{}, 0],
  suppression_scores: [{}, 0],
  recall_memory: [{}, 0],
};

const folders = (path: string): string[] =>
  readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const same = (a: readonly string[], b: readonly string[]): void => expect(new Set(a)).toEqual(new Set(b));

describe('parity', () => {
  const names = tools.map(({ name }) => name);
  it('each tool has one line, one folder and one row in this test', () => {
    expect(new Set(names).size).toBe(names.length);
    same(
      names,
      folders('tools').filter((folder) => folder !== 'worker' && folder !== 'node_modules'),
    );
    same(names, Object.keys(least));
  });
  it('each tool of the worker has a Python module of its name, and no module is without a tool', () => {
    const modules = readdirSync(join(root, 'tools/worker/recircuit_worker/tools'))
      .filter((file) => file.endsWith('.py') && !file.startsWith('_'))
      .map((file) => file.slice(0, -'.py'.length));
    same(
      tools.filter(({ runs }) => runs === 'worker').map(({ name }) => name),
      modules,
    );
  });
  it.each(names)('%s has an example', (name) => {
    const folder = join(root, 'tools', name, 'examples');
    expect(existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []).not.toEqual([]);
  });
  it('finds by name', () => {
    for (const tool of tools) expect(findTool(tool.name)).toBe(tool);
    expect(findTool('sweep')).toBeUndefined();
  });
});

describe('what a model is shown', () => {
  it.each(tools.map((tool) => [tool.name, tool] as const))(
    '%s: a closed object at the root, defaults optional',
    (_, tool) => {
      const schema = schemaForModel(tool) as { type: string; properties: JsonObject; required?: string[] } & JsonObject;
      expect(schema['type']).toBe('object');
      expect(schema['additionalProperties']).toBe(false);
      expect(Object.keys(schema)).not.toContain('$ref');
      expect(Object.keys(schema)).not.toContain('$schema');
      expect(Object.keys(schema.properties)).toEqual(Object.keys(tool.input.shape));
      const optional = Object.entries(tool.input.shape).filter(
        ([, field]) => (field as z.ZodType).safeParse(undefined).success,
      );
      same(
        schema.required ?? [],
        Object.keys(tool.input.shape).filter((key) => !optional.some(([name]) => name === key)),
      );
      for (const [, name] of JSON.stringify(schema).matchAll(/#\/\$defs\/(\w+)/g)) {
        expect(Object.keys((schema['$defs'] ?? {}) as JsonObject)).toContain(name);
      }
    },
  );
  it('rank_heads, to the letter', () => {
    expect(schemaForModel(findTool('rank_heads') as Tool)).toEqual({
      type: 'object',
      properties: {
        sweep: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'artifact of sweep_heads' },
        top: {
          description: 'heads returned; null: 2 % of all heads, at least 10',
          default: null,
          anyOf: [{ type: 'integer', minimum: 1, maximum: 512 }, { type: 'null' }],
        },
      },
      required: ['sweep'],
      additionalProperties: false,
    });
  });
  it.each(tools.map((tool) => [tool.name, tool] as const))('%s: a description in sentences', (_, { description }) => {
    expect(description).toMatch(/^[A-Z].*\.$/s);
    expect(description.length).toBeGreaterThan(40);
    expect(description.length).toBeLessThan(400);
  });
});

describe('inputs and costs', () => {
  it.each(tools.map((tool) => [tool.name, tool] as const))(
    '%s: the least input, its cost, and no field too many',
    (name, tool) => {
      const [input, forwards, rows = 0] = least[name] as (typeof least)[string];
      const parsed = tool.input.parse(input);
      const cost = tool.cost(parsed as never, model);
      expect([cost.forwards, cost.rows]).toEqual([forwards, rows]);
      expect(cost.because).not.toBe('');
      expect(tool.input.safeParse({ ...input, extra: 1 }).success).toBe(false);
    },
  );
  it('cost grows with the prompts', () => {
    const cost = (count: number): number => {
      const tool = findTool('sweep_heads') as Tool;
      return tool.cost(tool.input.parse({ prompts: { ...inContext, count }, source: sha }) as never, model).forwards;
    };
    expect(cost(20)).toBe(2 * cost(10));
  });
});
