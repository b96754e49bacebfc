/**
 * The published path patching of Gemma-2-9B put through the protocol of function induction: its own measurements, answered from the
 * published figures as far as these go, and its own checkers. What the figures do not hold stays unmeasured.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { check } from '../../evals/checkers/index.ts';
import { facts } from '../contract/fixtures/facts.ts';
import type { CriterionResult, Json, PublishedCell } from '../contract/index.ts';
import { type MeasureCall, type MeasureOutcome, measure, randomFrom } from '../expression/index.ts';
import { referencesFor } from '../job/references.ts';
import { loadProtocol, readJson } from '../protocol/index.ts';
import { root } from '../root.ts';
import { readFigures } from './index.ts';
import { strongest } from './rankings.ts';

const MODEL = 'gemma-2-9b';
const protocol = loadProtocol('function-induction');
const real = join(root, '../shared/data/function_induction/published-path-patching.json');
const SIX = ['a39.h7', 'a36.h7', 'a39.h12', 'a32.h1', 'a32.h6', 'a25.h13'];
const DECIDED = ['K1', 'K2', 'K3', 'K4', 'K5', 'K6', 'K7', 'K8', 'K9', 'K10'];

/** Receiver -> senders, strongest first. */
type Senders = ReadonlyMap<string, readonly { component: string; effect: number }[]>;

/** What `path_patch` would have answered, had it measured what was published. */
function answered(senders: Senders): (call: MeasureCall) => Promise<MeasureOutcome> {
  return async ({ item, input }) => {
    const receivers = (input['receivers'] as string[] | undefined) ?? ['logits'];
    const known =
      item.tool === 'path_patch' && input['together'] !== true && receivers.every((name) => senders.has(name));
    if (!known) {
      const failure = {
        kind: 'refusal' as const,
        code: 'not-published',
        what: item.name,
        why: 'no figures',
        instead: '-',
      };
      return { kind: 'refusal', failure };
    }
    const rows = receivers.flatMap((receiver) =>
      (senders.get(receiver) ?? []).map(({ component, effect }) => ({
        component,
        receiver,
        relative_change: effect,
        effect,
        strength: Math.abs(effect),
        depth: Number(/\d+/.exec(component)) / 42,
      })),
    );
    return { kind: 'result', output: { senders: rows, all_heads: 42 * 16 } as Record<string, Json> };
  };
}

async function judged(senders: Senders): Promise<Map<string, CriterionResult>> {
  const claim = { roles: { 'function-induction': SIX }, settings: {} };
  const scope = { values: {}, run: { seed: 0 }, behaviour: { tasks: [] }, claim };
  const measured = await measure(protocol.measurements, scope, answered(senders));
  const evidence = { ...measured, references: referencesFor(protocol, MODEL, facts({ layers: 42, heads: 16 })) };
  const mine = protocol.criteria.known_model.filter(({ models }) => models?.includes(MODEL) ?? true);
  return new Map(mine.map((criterion) => [criterion.id, check(criterion, evidence)]));
}

/** The same changes at heads drawn by chance. */
function shuffled(senders: Senders, seed: number): Senders {
  const random = randomFrom(`shuffle ${seed}`);
  return new Map(
    [...senders].map(([receiver, rows]) => {
      const heads = Array.from({ length: 42 * 16 }, (_, i) => `a${Math.floor(i / 16)}.h${i % 16}`);
      return [receiver, rows.map((row) => ({ ...row, component: heads.splice(random(heads.length), 1)[0] as string }))];
    }),
  );
}

async function holds(senders: Senders): Promise<void> {
  const results = await judged(senders);
  const passed = [...results.values()].filter(({ status }) => status === 'pass').map(({ id }) => id);
  expect(passed).toEqual(DECIDED);
  expect([...results.values()].some(({ status }) => status === 'fail')).toBe(false);
  expect(results.get('K2')?.measured).toBeCloseTo(-0.271, 3);
  expect(results.get('K8')?.measured).toBeCloseTo(-0.098, 3);
  for (let seed = 0; seed < 20; seed++) {
    const wrong = await judged(shuffled(senders, seed));
    for (const id of ['K1', 'K3', 'K5', 'K7', 'K10']) expect(wrong.get(id)?.status, `${id}, seed ${seed}`).toBe('fail');
    for (const id of ['K8', 'K9']) expect(wrong.get(id)?.status, `${id}, seed ${seed}`).not.toBe('pass');
  }
}

describe('known-model criteria I2 and I3', () => {
  it('hold on the shipped figures and on no shuffled ones', async () => {
    const File = z.looseObject({
      lists: z.array(
        z.object({
          model: z.string(),
          receiver: z.string(),
          heads: z.array(z.tuple([z.number(), z.number(), z.number()])),
        }),
      ),
    });
    const { lists } = readJson(join(root, 'protocols/findings/function-induction/published-paths.json'), File);
    const mine = lists.filter(({ model }) => model === 'google/gemma-2-9b');
    await holds(
      new Map(
        mine.map(({ receiver, heads }) => [
          receiver,
          heads.map(([l, h, effect]) => ({ component: `a${l}.h${h}`, effect })),
        ]),
      ),
    );
  });

  describe('on the matrices themselves', () => {
    beforeEach((context) => {
      if (!existsSync(real)) context.skip('put the published matrices at ../shared/data/function_induction');
    });

    it('hold, and on no shuffled ones', async () => {
      await holds(new Map(matricesOf(MODEL).map(({ receiver, values }) => [receiver, strongest(values)])));
    });

    it('the shipped lists are what is strongest in them', () => {
      const cells = readFigures([real]).filter(({ figures }) => figures.kind === 'sender-matrix');
      for (const { card, receiver, file } of protocol.published) {
        if (card === null) continue;
        expect(file).toBe('published-paths.json');
        const name = receiver === undefined ? card : `${card}/${receiver}`;
        const listed = referencesFor(protocol, card, facts({ layers: 42, heads: 16 }))[name]?.heads ?? [];
        const [matrix] = matricesOf(card, cells).filter((one) => one.receiver === (receiver ?? 'logits'));
        const rounded = strongest(matrix?.values ?? []).slice(0, listed.length);
        expect(listed.map(({ effect }) => effect)).toEqual(rounded.map(({ effect }) => Number(effect.toFixed(4))));
        expect(listed.slice(0, 10).map(({ component }) => component)).toEqual(
          rounded.slice(0, 10).map(({ component }) => component),
        );
      }
    });
  });
});

function matricesOf(card: string, cells: readonly PublishedCell[] = readFigures([real])) {
  return cells.flatMap(({ card: of, figures }) => (of === card && figures.kind === 'sender-matrix' ? [figures] : []));
}
