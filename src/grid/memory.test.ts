/** What an agent is told: the same grid that people see, without the answer that it is scored by. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { RunEvidence } from '../contract/index.ts';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { remembered } from './index.ts';
import { present } from './present.ts';

const now = present();
const finding = 'induction-heads';
const evidence = (run: string, model: string, change: Partial<RunEvidence> = {}): RunEvidence => ({
  run,
  behaviour: 'repeated-random-tokens',
  finding,
  model,
  organism: true,
  planner: 'scripted',
  seed: 0,
  protocol_sha256: now.protocols.get(finding) ?? '',
  weights_sha256: now.weights.get(model) ?? null,
  revision: null,
  versions: { worker: now.worker },
  all_heads: 64,
  claim: null,
  verdict: { verdict: 'reproduced', because: '', gate: null, criteria: [] },
  null_thresholds: {},
  artifacts: [],
  ended_at: '2026-01-01T00:00:00.000Z',
  withdrawn: null,
  rests_on: [],
  journal: [],
  ...change,
});

it('tells of other models only: not of the one that is scored, nor of its weights under another name, nor of what is stale', () => {
  const record = openRecord(join(temporaryFolder(), 'runs.db'));
  const weights_sha256 = now.weights.get('induction-gpt2') ?? '';
  const signer = 'd'.repeat(64);
  const runs = [
    evidence('R1', 'icl-llama'),
    evidence('R2', 'induction-gpt2'),
    evidence('R3', 'another-name', { weights_sha256 }),
    evidence('R4', 'icl-gemma2', { protocol_sha256: 'e'.repeat(64) }),
    evidence('R5', 'icl-gemma2-lookup', { withdrawn: 'wrong' }),
    evidence('R6', 'icl-gemma2', { finding: 'function-vector-heads' }),
  ];
  record.addShared(runs.map((one) => ({ evidence: one, bundle: signer, signer })));
  expect(remembered(record, { finding, model: 'induction-gpt2', weights_sha256 })).toEqual([
    { finding, model: 'icl-llama', verdict: 'reproduced', runs: 1, signed_by: signer },
  ]);
});
