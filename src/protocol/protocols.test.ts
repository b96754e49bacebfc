import { describe, expect, it } from 'vitest';
import { Protocol } from '../contract/index.ts';
import {
  agentView,
  loadBehaviour,
  loadModelCards,
  loadProtocol,
  loadProtocols,
  loadReference,
  nearest,
  protocolHash,
  publishedRanking,
} from './index.ts';

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
  it('are looked for in no folder that is not there', () => {
    process.env['RECIRCUIT_FINDINGS'] = '/nowhere/of/mine';
    try {
      expect(() => loadProtocols()).toThrow('RECIRCUIT_FINDINGS names /nowhere/of/mine: there is no such folder');
    } finally {
      delete process.env['RECIRCUIT_FINDINGS'];
    }
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
      new Set([
        'behaviour',
        'claim',
        'claim_from',
        'criteria',
        'evidence',
        'finding',
        'gate',
        'procedure',
        'roles',
        'source',
      ]),
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
