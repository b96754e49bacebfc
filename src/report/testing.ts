/**
 * A whole run of function-vector heads with invented numbers, recorded through the store: data for tests and for looking at
 * the faces, never evidence. Criterion results come from the true checkers, tensors are written as the worker writes them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { check, verdictOf } from '../../evals/checkers/index.ts';
import {
  type ArtifactRef,
  hashOf,
  type Json,
  type JsonObject,
  Protocol,
  type Run,
  type StepBody,
  sha256,
} from '../contract/index.ts';
import { root } from '../root.ts';
import { openRecord, type RunRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';

const ZERO = '0'.repeat(64);
const versions = { python: '3.11.2', torch: '2.13.0', transformers: '5.23.0', worker: '0.1.0' };
const LAYERS = 4;
const HEADS = 8;
const CLAIMED = ['a1.h6', 'a1.h7', 'a1.h4', 'a1.h5', 'a2.h0', 'a0.h3'];
const EFFECT = [0.264, 0.225, 0.092, 0.077, 0.018, 0.011];

export const protocol = Protocol.parse(
  parse(readFileSync(join(root, 'protocols/findings/function-vector-heads/protocol.yaml'), 'utf8')),
);

export interface Fixture {
  readonly home: string;
  readonly record: RunRecord;
  readonly artifacts: string;
}

/** A home folder with an empty record. */
export function freshHome(): Fixture {
  const home = temporaryFolder();
  const artifacts = join(home, 'artifacts');
  mkdirSync(artifacts);
  return { home, artifacts, record: openRecord(join(home, 'runs.db')) };
}

/** Records and seals the run. `statement` stands in the claim, as an agent would write it. */
export function recordRun(
  { record, artifacts }: Fixture,
  statement = 'Four heads of layer 1 carry the task.',
  seed = 0,
): Run {
  const run = record.createRun({
    finding: protocol.finding,
    model: 'icl-gemma2',
    planner: 'scripted',
    seed,
    protocol,
    protocol_sha256: hashOf(protocol),
  });
  const write = (act: string, body: StepBody) => record.append(run.run, act, body);
  const call = caller(write, artifacts);
  const split_sha256 = { search: ZERO, 'held-out': ZERO };
  write('opened', {
    kind: 'opened',
    finding: run.finding,
    protocol_sha256: run.protocol_sha256,
    model: run.model,
    planner: run.planner,
    seed,
    split_sha256,
    versions,
  });
  write('facts/search', { kind: 'model-facts', phase: 'search', facts });
  call('gate/search/clean', 'measure_behaviour', {}, { accuracy: 0.981 });
  write('gate/search', { kind: 'gate', phase: 'search', result: check(protocol.gate.criterion, evidence) });
  const plan = {
    intent: 'Follow the published procedure.',
    items: [{ name: 'sweep', tool: 'sweep_heads', serves: ['N4', 'N5'] }],
  };
  write('plan', { kind: 'plan', plan, sha256: hashOf(plan) });
  search(call);
  const claim = {
    roles: { 'function-vector': CLAIMED },
    settings: { layer: 1, scale: 2 },
    statement,
    cites: { sufficiency: ['search/05-injected'] },
  };
  write('claim', { kind: 'claim', claim, sha256: hashOf(claim) });
  call('gate/held-out/clean', 'measure_behaviour', {}, { accuracy: 0.975 });
  verification(call);
  const gate = check(protocol.gate.criterion, evidence);
  write('gate/held-out', { kind: 'gate', phase: 'verify', result: gate });
  const verdict = verdictOf(
    gate,
    protocol.criteria.new_model.map((criterion) => check(criterion, evidence)),
  );
  write('verdict', { kind: 'verdict', verdict });
  return record.seal(run.run, verdict.verdict, artifacts);
}

type Call = (
  act: string,
  tool: string,
  input: JsonObject,
  output: JsonObject,
  tensor?: { field: string; shape: number[]; data: number[] },
) => void;

function caller(write: (act: string, body: StepBody) => unknown, artifacts: string): Call {
  return (act, tool, input, output, tensor) => {
    const phase = act.includes('search') ? 'search' : 'verify';
    write(act, { kind: 'tool-call', phase, tool, input, serves: ['N1'], because: 'the published procedure' });
    const ref = tensor && writeTensor(artifacts, tensor.shape, tensor.data);
    const whole = { ...output, ...(ref ? { [tensor.field]: ref as unknown as Json } : {}), receipt: receipt(phase) };
    write(`${act}/result`, { kind: 'tool-result', phase, call: act, tool, output: whole, artifacts: ref ? [ref] : [] });
  };
}

const averages = Array.from({ length: LAYERS * HEADS }, (_, i) => {
  const at = CLAIMED.indexOf(`a${Math.floor(i / HEADS)}.h${i % HEADS}`);
  return at < 0 ? Math.sin(i * 7.3) * 0.006 : (EFFECT[at] ?? 0);
});
const heads = CLAIMED.map((component, i) => ({ component, effect: EFFECT[i] ?? 0, sem: 0.01 }));
const rank = { field: 'average', shape: [LAYERS, HEADS], data: averages };
const rows = (best: readonly number[]) => best.map((accuracy, layer) => ({ layer, scale: 2, accuracy, tasks: [] }));
const injected = (best: readonly number[]): JsonObject => ({
  before: 0.182,
  rows: rows(best),
  best: { layer: 1, scale: 2, accuracy: Math.max(...best) },
});
const matching = Array.from({ length: 3 * LAYERS * HEADS }, (_, i) =>
  i % (LAYERS * HEADS) === 19 ? 0.83 : Math.abs(Math.sin(i * 3.1)) * 0.08,
);

function search(call: Call): void {
  call('search/01-shuffled', 'measure_behaviour', {}, { accuracy: 0.41 });
  call('search/02-means', 'mean_activations', {}, { kept: [{ task: 'antonym', prompts: 98, of: 100 }] });
  call(
    'search/03-sweep',
    'sweep_heads',
    {},
    { tasks: [{ task: 'antonym', prompts: 25, baseline: 0.31, largest: 0.4 }] },
  );
  call(
    'search/04-ranked',
    'rank_heads',
    {},
    { heads, half_a: CLAIMED, half_b: CLAIMED, all_heads: 32, mean_depth: 0.27 },
    rank,
  );
  call('search/05-injected', 'inject_vector', { components: CLAIMED }, injected([0.71, 0.96, 0.55, 0.31]));
}

function verification(call: Call): void {
  call(
    'verify/injected',
    'inject_vector',
    { components: CLAIMED },
    { ...injected([0.97]), rows: [{ layer: 1, scale: 2, accuracy: 0.958, tasks: [] }] },
  );
  call('verify/curve', 'inject_vector', { components: CLAIMED }, injected([0.69, 0.958, 0.52, 0.3]));
  call(
    'verify/normed',
    'inject_vector',
    { components: CLAIMED, norm: 'through-norm' },
    injected([0.62, 0.91, 0.5, 0.28]),
  );
  call(
    'verify/other-task',
    'inject_vector',
    { components: CLAIMED, vector: 'other-task' },
    { before: 0.182, rows: [{ layer: 1, scale: 2, accuracy: 0.061, tasks: [] }] },
  );
  for (const [i, values] of NULLS.entries()) {
    call(
      `verify/random-sets/${String(i).padStart(2, '0')}`,
      'inject_vector',
      { components: CLAIMED },
      injected(values),
    );
  }
  call(
    'verify/ranked',
    'rank_heads',
    {},
    { heads, half_a: CLAIMED, half_b: CLAIMED, all_heads: 32, mean_depth: 0.27 },
    rank,
  );
  call('verify/ten', 'rank_heads', {}, { heads }, rank);
  call('verify/without', 'ablate_components', {}, { added_loss: 2.31 });
  call(
    'verify/matching',
    'attention_scores',
    { pattern: 'induction' },
    { heads: [{ component: 'a2.h3', score: 0.83 }] },
    { field: 'scores', shape: [3, LAYERS, HEADS], data: matching },
  );
}

const NULLS = Array.from({ length: 20 }, (_, i) =>
  Array.from({ length: LAYERS }, (_, l) => 0.17 + 0.13 * Math.abs(Math.sin(i * 2.1 + l))),
);

const evidence = {
  values: {
    solved: ['antonym', 'plural', 'past', 'gerund', 'capital', 'language', 'next'],
    injected: { before: 0.182, best: { accuracy: 0.958 } },
    'other-task': { best: { accuracy: 0.061 } },
    'random-sets': NULLS.map((values) => ({ best: { accuracy: Math.max(...values) } })),
    ranked: { half_a: CLAIMED, half_b: [...CLAIMED.slice(0, 5), 'a3.h1'], all_heads: 32, heads, mean_depth: 0.21 },
    claim: { 'function-vector': CLAIMED },
    without: { added_loss: 2.31 },
    'without-random': NULLS.map((_, i) => ({ added_loss: 0.2 + 0.03 * i })),
  } as unknown as Record<string, Json>,
  references: {},
  unmeasured: { matching: 'the worker refused: this model has no repeated tokens' },
};

const facts = {
  model: 'icl-gemma2',
  architecture: 'Gemma2ForCausalLM',
  layers: LAYERS,
  heads: HEADS,
  kv_heads: 4,
  head_dim: 32,
  d_model: 128,
  vocabulary: 3120,
  parameters: 1_843_712,
  post_attention_norm: true,
  attention_soft_cap: 50,
  logit_soft_cap: 30,
  sliding_window: 128,
  attention: 'eager',
  dtype: 'float32',
  device: 'cpu',
  weights_sha256: ZERO,
  revision: null,
  self_test: { heads_tested: 32, zeroed_heads_that_changed_logits: 32, identity_max_change: 0, tolerance: 0.0001 },
};

function receipt(phase: string): JsonObject {
  return {
    engine: 'fast',
    model: 'icl-gemma2',
    weights_sha256: ZERO,
    revision: null,
    dtype: 'float32',
    device: 'cpu',
    attention: 'eager',
    versions,
    split: phase === 'search' ? 'search' : 'held-out',
    seed: 0,
    prompts: 225,
    prompts_sha256: ZERO,
    bos: 'prepended',
    forwards: 225,
    rows: 7200,
    layer_tokens: 90_000,
    edits_requested: 7200,
    edits_fired: 7200,
    noise: 1e-7,
    audit: { pairs: 8, max_deviation: 2e-7, tolerance: 1e-5, route: 'another batch size' },
  };
}

function writeTensor(dir: string, shape: number[], values: number[]): ArtifactRef {
  const data = Buffer.from(Float32Array.from(values).buffer);
  const axes = ['sequence', 'layer', 'head'].slice(-shape.length);
  const meaning = { kind: 'head_effects', axes, unit: 'probability' };
  const producer = { tool: 'rank_heads', request_sha256: ZERO, model: 'icl-gemma2', weights_sha256: ZERO, versions };
  const recircuit = JSON.stringify({ ...meaning, labels: {}, producer });
  const header = Buffer.from(
    JSON.stringify({ __metadata__: { recircuit }, data: { dtype: 'F32', shape, data_offsets: [0, data.length] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header, data]);
  const ref: ArtifactRef = { sha256: sha256(bytes), shape, dtype: 'float32', ...meaning };
  writeFileSync(join(dir, `${ref.sha256}.safetensors`), bytes);
  writeFileSync(join(dir, `${ref.sha256}.json`), JSON.stringify({ ref, bytes: bytes.length, labels: {}, producer }));
  return ref;
}
