/** What the tests of the store share: temporary records, small true step bodies, and artifacts written as the worker writes them. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArtifactRef,
  canonicalJson,
  hashOf,
  type Manifest,
  type Run,
  type StepBody,
  sha256,
  type VerdictName,
} from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { openRecord, type RunRecord } from './index.ts';

const ZERO = '0'.repeat(64);
const versions = { python: '3.11', torch: '2.13', transformers: '5.23', worker: '0.1.0' };
export const protocol = { finding: 'function-vector-heads', roles: [{ role: 'fv', at_least: 1 }] };

/** A new folder with a record and a folder for artifacts. */
export function freshRecord(): { dir: string; file: string; artifacts: string; record: RunRecord } {
  const dir = temporaryFolder();
  const artifacts = join(dir, 'artifacts');
  mkdirSync(artifacts);
  const file = join(dir, 'runs.db');
  return { dir, file, artifacts, record: openRecord(file) };
}

export function openRun(
  record: RunRecord,
  changes: { run?: string; finding?: string; model?: string; seed?: number } = {},
): Run {
  const start = { finding: 'function-vector-heads', model: 'icl-gemma2', planner: 'scripted', seed: 0, ...changes };
  return record.createRun({ ...start, protocol, protocol_sha256: hashOf(protocol) });
}

export function opened({ finding, model, planner, seed, protocol_sha256 }: Run): StepBody {
  const split_sha256 = { search: ZERO, 'held-out': ZERO };
  return { kind: 'opened', finding, model, planner, seed, protocol_sha256, split_sha256, versions };
}

export const called = (because: string): StepBody => ({
  kind: 'tool-call',
  phase: 'search',
  tool: 'sweep_heads',
  input: { seed: 7, share: 0.25 },
  serves: ['F1'],
  because,
});

export const resulted = (call: string, refs: ArtifactRef[]): StepBody => ({
  kind: 'tool-result',
  phase: 'search',
  call,
  tool: 'sweep_heads',
  output: { effects: refs[0] ?? null, tasks: [{ task: 'antonym', largest: 0.31 }] },
  artifacts: refs,
});

export const judged = (verdict: VerdictName): StepBody => ({
  kind: 'verdict',
  verdict: { verdict, because: 'every core criterion passed', gate: null, criteria: [] },
});

/** Writes a float32 tensor, (2, n) unless said otherwise, and its manifest, its meaning also inside the tensor file. */
export function writeArtifact(
  dir: string,
  values: number[],
  other: Partial<Pick<ArtifactRef, 'shape' | 'axes'>> = {},
): ArtifactRef {
  const described = {
    kind: 'head_effects',
    shape: [2, values.length / 2],
    axes: ['layer', 'head'],
    dtype: 'float32',
    unit: 'probability',
    ...other,
  };
  const producer = { tool: 'sweep_heads', request_sha256: ZERO, model: 'icl-gemma2', weights_sha256: ZERO, versions };
  const labels = { layer: ['first', 'second'] };
  const meaning = canonicalJson({ kind: described.kind, axes: described.axes, unit: described.unit, labels, producer });
  const data = Buffer.from(Float32Array.from(values).buffer);
  const entry = { dtype: 'F32', shape: described.shape, data_offsets: [0, data.length] };
  const header = Buffer.from(JSON.stringify({ __metadata__: { recircuit: meaning }, data: entry }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const bytes = Buffer.concat([length, header, data]);
  const ref: ArtifactRef = { sha256: sha256(bytes), ...described };
  const beside: Manifest = { ref, bytes: bytes.length, labels, producer };
  writeFileSync(join(dir, `${ref.sha256}.safetensors`), bytes);
  writeFileSync(join(dir, `${ref.sha256}.json`), JSON.stringify(beside));
  return ref;
}

/** Records and seals a small whole run of seven steps with one artifact. */
export function sealedRun(
  record: RunRecord,
  artifacts: string,
  verdict: VerdictName = 'reproduced',
  changes = {},
): Run {
  const run = openRun(record, changes);
  record.append(run.run, 'open', opened(run));
  record.append(run.run, 'search/01-sweep', called('the published procedure'));
  record.append(
    run.run,
    'search/01-sweep/result',
    resulted('search/01-sweep', [writeArtifact(artifacts, [0.1, 0.2, 0.3, 0.4])]),
  );
  record.append(run.run, 'search/02-sweep', called('once more'));
  record.append(run.run, 'search/02-sweep/result', resulted('search/02-sweep', []));
  record.append(run.run, 'verdict', judged(verdict));
  return record.seal(run.run, verdict, artifacts);
}

/** A name that no run has. */
export const noSuchRun = (): string => randomUUID();
