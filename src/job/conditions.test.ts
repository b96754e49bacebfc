/** A result of something else, a record that was edited, other weights: what a run does not go on with. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { facts } from '../contract/fixtures/facts.ts';
import type { JsonObject } from '../contract/index.ts';
import { called, freshRecord, opened, openRun, resulted, writeArtifact } from '../store/testing.ts';
import { refuseAltered, refuseOtherWeights } from './opened.ts';
import { refuseForeignReceipt } from './receipts.ts';

const found = facts();
const receipt: JsonObject = {
  engine: 'fast',
  model: 'tiny',
  weights_sha256: found.weights_sha256,
  revision: null,
  dtype: 'float32',
  device: 'cpu',
  attention: 'eager',
  versions: { python: '3', torch: '2', transformers: '5', worker: '0' },
  split: 'held-out',
  seed: 1,
  prompts: 2,
  prompts_sha256: null,
  bos: 'none',
  forwards: 4,
  rows: 4,
  layer_tokens: 8,
  edits_requested: 4,
  edits_fired: 4,
  noise: null,
  audit: null,
};
const take = (change: JsonObject) => () =>
  refuseForeignReceipt('ablate_components', { receipt: { ...receipt, ...change } }, { phase: 'verify', facts: found });

describe('a result', () => {
  it.each([
    ['of other weights', { weights_sha256: 'f'.repeat(64) }, 'measured on weights ffffffffffff'],
    ['of the other half', { split: 'search' }, 'measured on the search half'],
    ['whose edits were not made', { edits_fired: 3 }, '3 of 4 edits were made'],
  ])('%s ends the run', (_, change, says) => {
    expect(take(change)).toThrow(says);
  });

  it('of what was asked is taken, and so is one of a tool that reads no model', () => {
    expect(take({})).not.toThrow();
    expect(() => refuseForeignReceipt('recall_memory', {}, { phase: 'verify', facts: found })).not.toThrow();
  });
});

describe('a run that is resumed', () => {
  it('is not gone on with where a step or an artifact was edited', () => {
    const { file, artifacts, record } = freshRecord();
    const run = openRun(record);
    const ref = writeArtifact(artifacts, [1, 2, 3, 4]);
    record.append(run.run, 'opened', opened(run));
    record.append(run.run, 'verify/without', called('b'));
    record.append(run.run, 'verify/without/result', resulted('verify/without', [ref]));
    expect(() => refuseAltered(record, run.run, artifacts)).not.toThrow();
    const db = new Database(file);
    db.exec("DROP TRIGGER step_never_changes; UPDATE step SET body = replace(body, '0.31', '9.31')");
    db.close();
    expect(() => refuseAltered(record, run.run, artifacts)).toThrow(
      /cannot go on: its record is not what was written: step 3: its act or body does not fit/,
    );
    record.close();
  });

  it('is not gone on with on other weights', () => {
    const search = { kind: 'model-facts', phase: 'search', facts: found } as const;
    expect(() => refuseOtherWeights(search, found)).not.toThrow();
    expect(() => refuseOtherWeights(undefined, found)).not.toThrow();
    expect(() => refuseOtherWeights(search, { ...found, weights_sha256: 'f'.repeat(64) })).toThrow('ffffffffffff');
  });
});
