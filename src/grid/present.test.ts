/** What holds now, by which runs become stale. */
import { expect, it } from 'vitest';
import { loadModelCards } from '../protocol/index.ts';
import { present } from './present.ts';

it('is the pinned revision of a model of the hub, the weights of an organism that lies here, and all protocols', () => {
  const { revisions, weights, protocols, worker } = present();
  const { where } = loadModelCards().get('gpt2-small') ?? {};
  expect(where).toMatchObject({ kind: 'hub', revision: expect.stringMatching(/^[0-9a-f]{40}$/) });
  expect(revisions.get('gpt2-small')).toBe(where?.kind === 'hub' ? where.revision : null);
  expect([revisions.has('icl-llama'), weights.has('gpt2-small')]).toEqual([false, false]);
  expect(weights.get('icl-llama')).toMatch(/^[0-9a-f]{64}$/);
  expect(weights.get('icl-llama')).not.toBe(weights.get('icl-gemma2'));
  expect(protocols.get('induction-heads')).toMatch(/^[0-9a-f]{64}$/);
  expect(worker).toMatch(/^\d+\.\d+\.\d+$/);
});
