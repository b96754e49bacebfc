import { describe, expect, it } from 'vitest';
import { facts } from '../contract/fixtures/facts.ts';
import { loadProtocol, loadReference } from '../protocol/index.ts';
import { referencesFor } from './references.ts';

describe('referencesFor', () => {
  const protocol = loadProtocol('function-vector-heads');
  const { weights_sha256, ranking } = loadReference(protocol.finding) as NonNullable<ReturnType<typeof loadReference>>;

  it('gives a model the ranking that was published for it, and says by whom', () => {
    const { own, ...others } = referencesFor(protocol, 'llama-2-7b', facts());
    expect(own).toBe(others['llama-2-7b']);
    expect(own?.heads[0]?.component).toBe('a14.h1');
    expect(own?.source).toMatch(/^published for meta-llama\/Llama-2-7b-hf: ./);
  });

  it('gives the reference model what calibration measured on its weights', () => {
    const { own } = referencesFor(protocol, protocol.reference_model, facts({ weights_sha256 }));
    expect(own?.heads).toEqual(ranking);
    expect(own?.source).toMatch(/^recircuit calibrate on icl-llama, seeds 0, 1/);
  });

  it('gives other weights and other models nothing of their own', () => {
    expect(referencesFor(protocol, protocol.reference_model, facts())).not.toHaveProperty('own');
    expect(referencesFor(protocol, 'icl-gemma2', facts({ weights_sha256 }))).not.toHaveProperty('own');
  });
});
