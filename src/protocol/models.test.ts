import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import { cardForFolder, loadModelCard, loadModelCards } from './index.ts';

const cards = loadModelCards();

describe('models', () => {
  it('every model that the findings name has a card', () => {
    for (const name of [
      'llama-2-7b',
      'llama-2-13b',
      'llama-3-8b',
      'gemma-2-2b',
      'gemma-2-9b',
      'mistral-7b',
      'qwen-2.5-7b',
      'olmo-2-7b',
      'olmo-3-7b',
      'pythia-410m',
      'gpt2-small',
      'gpt2-medium',
      'gpt-j-6b',
    ]) {
      expect([...cards.keys()]).toContain(name);
    }
    for (const { expect: facts } of cards.values()) expect(facts.heads % facts.kv_heads).toBe(0);
  });
  it('offers the nearest name', () => expect(() => loadModelCard('gema-2-9b')).toThrow('did you mean gemma-2-9b?'));
  it('makes a card for a folder', () => {
    const folder = join(temporaryFolder(), 'My Model_2.5');
    mkdirSync(folder);
    expect(() => cardForFolder(folder)).toThrow('it holds no config.json');
    const config = (fields: object): void => writeFileSync(join(folder, 'config.json'), JSON.stringify(fields));
    config({ model_type: 'bert' });
    expect(() => cardForFolder(folder)).toThrow('does not say how many layers');
    config({ num_hidden_layers: 'many' });
    expect(() => cardForFolder(folder)).toThrow(Refusal);
    config({ n_layer: 2, n_head: 4, n_embd: 64 });
    expect(cardForFolder(folder)).toMatchObject({
      model: 'my-model-2-5',
      dtype: 'float32',
      expect: { layers: 2, heads: 4, kv_heads: 4, d_model: 64, head_dim: 16 },
    });
    config({
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      hidden_size: 64,
      head_dim: 32,
      torch_dtype: 'bfloat16',
    });
    expect(cardForFolder(folder)).toMatchObject({
      dtype: 'bfloat16',
      expect: { kv_heads: 2, head_dim: 32 },
      where: { kind: 'folder', folder },
    });
  });
});
