import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Protocol, type Reference, Refusal } from '../contract/index.ts';
import { temporaryFolder } from '../testing.ts';
import {
  agentView,
  cardForFolder,
  loadBehaviour,
  loadModelCard,
  loadModelCards,
  loadProtocol,
  loadProtocols,
  loadReference,
  nearest,
  protocolHash,
  publishedRanking,
  readReference,
  sealReference,
} from './index.ts';
import { protocolProblems } from './problems.ts';
import { toolProblems } from './tool-problems.ts';

const scratch = temporaryFolder();
const protocols = loadProtocols();
const cards = loadModelCards();

describe('findings', () => {
  it.each([...protocols])('%s: behaviour, models and published files are there', (_, protocol) => {
    expect(() => loadBehaviour(protocol.behaviour)).not.toThrow();
    expect([...cards.keys()]).toContain(protocol.reference_model);
    for (const entry of protocol.published) {
      expect(publishedRanking(protocol, entry).length).toBeGreaterThan(0);
      if (entry.card !== null)
        expect(cards.get(entry.card)?.where).toMatchObject({ kind: 'hub', repository: entry.model });
    }
    for (const { models } of [...protocol.criteria.new_model, ...protocol.criteria.known_model]) {
      for (const model of models ?? []) expect([...cards.keys()]).toContain(model);
    }
    expect(loadReference(protocol.finding)?.finding ?? protocol.finding).toBe(protocol.finding);
  });
  it('published heads exist on their models', () => {
    for (const protocol of protocols.values()) {
      for (const entry of protocol.published) {
        const card = [...cards.values()].find(({ where }) => where.kind === 'hub' && where.repository === entry.model);
        if (!card) continue;
        for (const { component } of publishedRanking(protocol, entry)) {
          const [, layer, head] = /^a(\d+)\.h(\d+)$/.exec(component) as unknown as [string, string, string];
          expect(Number(layer)).toBeLessThan(card.expect.layers);
          expect(Number(head)).toBeLessThan(card.expect.heads);
        }
      }
    }
  });
  it('the function-vector lists of five models stand in the protocol, best first', () => {
    const protocol = loadProtocol('function-vector-heads');
    const rankings = protocol.published.map((entry) => [entry.model, publishedRanking(protocol, entry)] as const);
    expect(rankings.map(([model, ranking]) => [model, ranking[0]?.component])).toEqual([
      ['meta-llama/Llama-2-7b-hf', 'a14.h1'],
      ['meta-llama/Llama-2-13b-hf', 'a13.h13'],
      ['meta-llama/Llama-2-70b-hf', 'a33.h63'],
      ['EleutherAI/gpt-j-6b', 'a15.h5'],
      ['EleutherAI/gpt-neox-20b', 'a9.h42'],
    ]);
    for (const [, ranking] of rankings) {
      const effects = ranking.map(({ effect }) => effect as number);
      expect(effects).toEqual([...effects].sort((a, b) => b - a));
    }
    expect(() =>
      publishedRanking(protocol, { model: 'no/one', card: null, file: 'published-heads.json', source: '' }),
    ).toThrow('no list of no/one');
  });
  it('offers the nearest name', () => {
    expect(() => loadProtocol('function-vector-head')).toThrow('did you mean function-vector-heads?');
    expect(nearest('indution-heads', protocols.keys())).toBe('induction-heads');
    expect(nearest('qqqqqq', protocols.keys())).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
  it('the hash sees content, not spelling', () => {
    const protocol = loadProtocol('induction-heads');
    const reordered = Protocol.parse(Object.fromEntries(Object.entries(protocol).reverse()));
    expect(protocolHash(reordered)).toBe(protocolHash(protocol));
    expect(protocolHash({ ...protocol, claim: `${protocol.claim} ` })).not.toBe(protocolHash(protocol));
  });
});

describe('what an agent sees', () => {
  it.each([...protocols])('%s: nothing of how it is marked', (_, protocol) => {
    const view = agentView(protocol, loadBehaviour(protocol.behaviour));
    expect(new Set(Object.keys(view))).toEqual(
      new Set(['behaviour', 'claim', 'claim_from', 'criteria', 'finding', 'gate', 'procedure', 'roles', 'source']),
    );
    expect(view.criteria).toEqual(protocol.criteria.new_model.map(({ id, says }) => ({ id, says })));
    const text = JSON.stringify(view);
    for (const entry of protocol.published) {
      for (const { component } of publishedRanking(protocol, entry))
        expect(text).not.toMatch(new RegExp(`\\b${component.replace('.', '\\.')}\\b`));
      expect(text).not.toContain(entry.file);
    }
    for (const { control } of protocol.controls) expect(text).not.toContain(control);
    for (const { id, says } of protocol.criteria.known_model) {
      expect(text).not.toContain(`"${id}"`);
      expect(text).not.toContain(says);
    }
  });
  it('a copy', () => {
    const protocol = loadProtocol('induction-heads');
    const before = protocolHash(protocol);
    (agentView(protocol, loadBehaviour(protocol.behaviour)).gate as { measure: unknown[] }).measure.length = 0;
    expect(protocolHash(protocol)).toBe(before);
  });
});

describe('problems that a schema cannot see', () => {
  const change = (edit: (protocol: ReturnType<typeof structuredClone<Protocol>>) => void): string[] => {
    const protocol = structuredClone(loadProtocol('function-vector-heads'));
    edit(protocol);
    return protocolProblems(Protocol.parse(protocol));
  };
  const tool = (name: string, input: Record<string, string | { [key: string]: string }>) => ({
    name,
    tool: 't',
    input,
    serves: [],
  });
  it.each<[string, (protocol: Protocol) => void]>([
    ['the step of gate and procedure "clean" is named twice', (p) => p.procedure.push(tool('clean', {}))],
    ['the step of gate and measurements "claim" is named twice', (p) => p.measurements.push(tool('claim', {}))],
    [
      'the criterion "N1" is named twice',
      (p) => p.criteria.known_model.push({ ...(p.criteria.new_model[0] as Protocol['gate']['criterion']) }),
    ],
    [
      'procedure, step "late", refers to the step "later"',
      (p) => p.procedure.push(tool('late', { x: { $from: 'later.y' } })),
    ],
    [
      'procedure, step "early", refers to the role "function-vector"',
      (p) => p.procedure.push(tool('early', { x: { $claim: 'function-vector' } })),
    ],
    [
      'measurements, step "m", refers to the setting "depth"',
      (p) => p.measurements.push(tool('m', { x: { $setting: 'depth' } })),
    ],
    [
      'measurements, step "m", refers to the control "random-heads"',
      (p) => p.measurements.push(tool('m', { x: { $control: 'random-heads' } })),
    ],
    [
      'runs over the unknown control "other"',
      (p) => p.measurements.push({ ...tool('m', {}), over: { control: 'other' } }),
    ],
    [
      'claim_from gives no components for the role "function-vector"',
      (p) => delete p.claim_from.roles['function-vector'],
    ],
    ['claim_from gives the role "mover"', (p) => Object.assign(p.claim_from.roles, { mover: [] })],
    ['names the unknown role "mover"', (p) => Object.assign(p.controls[0] as object, { role: 'mover' })],
    [
      'criterion N1 refers to the step "gone"',
      (p) => Object.assign(p.criteria.new_model[0] as object, { value: 'gone.accuracy' }),
    ],
    ['serves the unknown criterion "Z9"', (p) => p.procedure.push({ ...tool('s', {}), serves: ['Z9'] })],
    [
      'the role "function-vector" has neither source nor because',
      (p) => delete (p.roles[0] as { source?: string }).source,
    ],
    [
      'a threshold of criterion N1 has neither',
      (p) => Object.assign(p.criteria.new_model[0] as object, { threshold: { value: 1 } }),
    ],
    [
      'no criterion of the new-model set is core',
      (p) => p.criteria.new_model.map((criterion) => Object.assign(criterion, { weight: 'required' })),
    ],
    ['the gate is a flag', (p) => Object.assign(p.gate.criterion, { weight: 'flag' })],
  ])('%s', (problem, edit) => {
    expect(change(() => {})).toEqual([]);
    expect(change(edit).join('\n')).toContain(problem);
  });
});

describe('calls of tools', () => {
  const problems = (tool: string, input: Record<string, unknown>): string[] =>
    toolProblems({
      ...loadProtocol('induction-heads'),
      procedure: [{ name: 's', tool, input: input as never, serves: [] }],
    });
  const prompts = { kind: 'repeated-tokens', seed: { $run: 'seed' } };
  it.each<[string, Record<string, unknown>, string]>([
    ['measure_behavior', { prompts }, 'unknown tool "measure_behavior"; the nearest is measure_behaviour'],
    ['measure_behaviour', { prompt: prompts }, 'input "prompts" of measure_behaviour'],
    ['measure_behaviour', { prompts: { ...prompts, lenght: 3 } }, 'lenght'],
    ['measure_behaviour', { prompts: { ...prompts, seed: 'one' } }, 'input "prompts.seed" of measure_behaviour'],
    ['ablate_components', { prompts, components: { $claim: 'x' }, replace_by: 'noise' }, 'input "replace_by"'],
  ])('%s %j', (tool, input, problem) => expect(problems(tool, input).join()).toContain(problem));
  it('a value that only the run knows is not judged', () => {
    expect(problems('ablate_components', { prompts, components: { $top: { of: { $from: 'x' }, count: 3 } } })).toEqual(
      [],
    );
    expect(problems('ablate_components', { prompts: { $from: 'x' }, components: ['a0.h0', { $from: 'y' }] })).toEqual(
      [],
    );
  });
});

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
    const folder = join(scratch, 'My Model_2.5');
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

describe('calibrated references', () => {
  const reference = (): Omit<Reference, 'content_sha256'> => ({
    finding: 'induction-heads',
    protocol_sha256: 'x',
    model: 'icl-llama',
    weights_sha256: 'y',
    produced_by: 'recircuit calibrate',
    seeds: [0, 1],
    ranking: [{ component: 'a1.h2', effect: 0.5 }],
    values: { N1: [0.5, 0.6] },
  });
  const write = (value: unknown): string => {
    const file = join(scratch, 'reference.json');
    writeFileSync(file, JSON.stringify(value, null, 1));
    return file;
  };
  it('are read as they were written', () => {
    expect(readReference(write(sealReference(reference())), 'induction-heads').ranking).toEqual(reference().ranking);
  });
  it('are refused after a hand edit, or for another finding', () => {
    const sealed = sealReference(reference());
    const edited = write({ ...sealed, ranking: [{ component: 'a1.h2', effect: 0.6 }] });
    expect(() => readReference(edited, 'induction-heads')).toThrow('measure it again instead of editing it');
    expect(() => readReference(write(sealed), 'function-vector-heads')).toThrow('it belongs to "induction-heads"');
    expect(() => readReference(write({ ...sealed, produced_by: 'me' }), 'induction-heads')).toThrow('produced_by');
    expect(() => readReference(write({ ...sealed, extra: 1 }), 'induction-heads')).toThrow('extra');
  });
  it('none yet is not an error', () => expect(loadReference('no-such-finding')).toBeUndefined());
});
