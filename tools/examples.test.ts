/** Every `tools/<tool>/examples/*.json` is run by the real worker on the organism that it names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Json, type JsonObject, readPath, Slug, Split } from '../src/contract/index.ts';
import { findModel } from '../src/job/models.ts';
import { recall } from '../src/job/recall.ts';
import { loadBehaviour, loadModelCard, material } from '../src/protocol/index.ts';
import { root } from '../src/root.ts';
import { hasWorkerPython } from '../src/setup/paths.mjs';
import { openRecord } from '../src/store/index.ts';
import { temporaryFolder } from '../src/testing.ts';
import { startWorker, type WorkerClient, workerPython } from '../src/worker/index.ts';
import { findTool, tools } from './index.ts';

const Bounds = z.strictObject({
  at_least: z.number().optional(),
  at_most: z.number().optional(),
  equals: Json.optional(),
});

const Example = z.strictObject({
  title: z.string(),
  model: Slug,
  behaviour: Slug,
  split: Split,
  /** `{ "$example": "sweep_heads.effects.sha256" }` stands for a value in the result of that tool's example `basic`. */
  input: z.record(z.string(), Json),
  /** Path in the output -> what stands there; where it is a list of values, what each of them is. */
  expect: z.record(z.string(), Bounds),
});
type Example = z.infer<typeof Example>;

const examples = tools.flatMap(({ name }) => {
  const folder = join(root, 'tools', name, 'examples');
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : [];
  return files.map((file) => ({
    tool: name,
    example: file.slice(0, -'.json'.length),
    content: Example.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  }));
});

/** Which example an input refers to: [tool, path in its output]. */
function reference(value: Json): [string, string] | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || typeof value['$example'] !== 'string')
    return undefined;
  const [tool, ...path] = value['$example'].split('.');
  return [tool as string, path.join('.')];
}

describe('as files', () => {
  it.each(examples.map(({ tool, example, content }) => [`${tool}/${example}`, tool, content] as const))(
    '%s fits its tool',
    (_, tool, content) => {
      const known = findTool(tool) as (typeof tools)[number];
      const filled = Object.fromEntries(
        Object.entries(content.input).map(([key, value]) => {
          const [of, path] = reference(value) ?? [];
          if (of !== undefined)
            expect(examples.some((other) => other.tool === of && other.example === 'basic')).toBe(true);
          return [key, of === undefined ? value : path?.includes('[]') ? ['a0.h0'] : 'a'.repeat(64)];
        }),
      );
      expect(known.input.safeParse(filled).error?.issues ?? []).toEqual([]);
      for (const path of Object.keys(content.expect)) {
        expect(Object.keys(known.output.shape)).toContain(path.split('.')[0]?.replace('[]', ''));
      }
      expect(() => loadModelCard(content.model)).not.toThrow();
    },
  );
});

const missing = whyNot();
if (missing !== undefined) console.log(`skipped: tool examples on the organism; ${missing}`);

/** Examples may also use a behaviour of the tests, where no trained organism has the words of one that is shipped. */
const folders = [join(root, 'src/protocol/fixtures/behaviours')];

function whyNot(): string | undefined {
  if (!hasWorkerPython()) return 'run `npm start`, which sets the worker up';
  for (const { model } of new Set(examples.map(({ content }) => content))) {
    const { where } = loadModelCard(model);
    if (where.kind === 'organism' && !existsSync(join(root, where.folder, 'config.json')))
      return `train it with \`recircuit models build ${model}\``;
  }
  return undefined;
}

describe.skipIf(missing !== undefined)('in the worker', () => {
  const artifacts = temporaryFolder();
  const workers = new Map<string, Promise<WorkerClient>>();
  const outputs = new Map<string, Promise<JsonObject>>();

  afterAll(async () => {
    for (const worker of workers.values()) await (await worker).stop();
  });

  /** One worker for each model and half of a behaviour. */
  function workerFor({ model, behaviour, split }: Example): Promise<WorkerClient> {
    const key = [model, behaviour, split].join('|');
    const worker = workers.get(key) ?? open({ model, behaviour, split });
    workers.set(key, worker);
    return worker;
  }

  async function open({
    model,
    behaviour,
    split,
  }: Pick<Example, 'model' | 'behaviour' | 'split'>): Promise<WorkerClient> {
    const worker = await startWorker({ python: workerPython() });
    const half = material(loadBehaviour(behaviour, { folders }), split);
    await worker.open({ ...findModel(model, { device: 'cpu' }), material: half, artifacts });
    return worker;
  }

  /** Runs an example once, after the ones that it refers to. */
  function outputOf(tool: string, example = 'basic'): Promise<JsonObject> {
    const key = `${tool}/${example}`;
    const output = outputs.get(key) ?? run(tool, example);
    outputs.set(key, output);
    return output;
  }

  async function run(tool: string, example: string): Promise<JsonObject> {
    const found = examples.find((candidate) => candidate.tool === tool && candidate.example === example);
    const known = findTool(tool);
    if (!found || !known) throw new Error(`there is no example ${tool}/${example}`);
    const input: JsonObject = {};
    for (const [key, value] of Object.entries(found.content.input)) {
      const [of, path] = reference(value) ?? [];
      input[key] = of === undefined ? value : valueAt(path as string, await outputOf(of));
    }
    const filled = known.input.parse(input) as JsonObject;
    if (known.runs === 'orchestrator') return remember(filled);
    const output = await (await workerFor(found.content)).call(tool, filled);
    return known.output.parse(output) as JsonObject;
  }

  it.each(
    examples.map(
      ({ tool, example, content }) => [`${tool}/${example}: ${content.title}`, tool, example, content] as const,
    ),
  )(
    '%s',
    async (_, tool, example, content) => {
      const output = await outputOf(tool, example);
      for (const [path, bounds] of Object.entries(content.expect)) holds(path, valueAt(path, output), bounds);
    },
    180_000,
  );
});

function remember(input: JsonObject): JsonObject {
  const record = openRecord(':memory:');
  try {
    const scored = { finding: 'function-vector-heads', model: 'icl-gemma2', weights_sha256: '0'.repeat(64) };
    return recall(record, scored, input);
  } finally {
    record.close();
  }
}

function valueAt(path: string, output: JsonObject): Json {
  const result = readPath(path, output);
  if (!result.found) throw new Error(`${path}: ${result.why}`);
  return result.value;
}

function holds(path: string, value: Json, { at_least, at_most, equals }: z.infer<typeof Bounds>): void {
  for (const each of path.includes('[]') ? (value as Json[]) : [value]) {
    if (equals !== undefined) expect(each, path).toEqual(equals);
    if (at_least !== undefined) expect(each, path).toBeGreaterThanOrEqual(at_least);
    if (at_most !== undefined) expect(each, path).toBeLessThanOrEqual(at_most);
  }
}
