import { describe, expect, it } from 'vitest';
import type { Step, StepBody } from '../contract/index.ts';
import { totalCost, turnCosts } from './cost.ts';

const usage = { input: 10, cache_read: 80, cache_write_5m: 5, cache_write_1h: 5, output: 7 };
const failure = { kind: 'fault' as const, code: 'cut', what: 'w', why: 'y', instead: 'i' };
const step = (act: string, body: StepBody): Step => ({ run: 'r', seq: 1, at: '', act, body, content: '', hash: '' });
const turn = (act: string): Step =>
  step(act, { kind: 'turn', for: 'plan', model: 'm', told: [], folded: 0, request_sha256: '0'.repeat(64) });
const reply = (of: string, usd: number | null): Step =>
  step(`${of}/reply`, {
    kind: 'reply',
    turn: of,
    content: [],
    stop_reason: 'tool_use',
    model: 'm',
    id: 'i',
    usage,
    usd,
  });
const failed = (of: string, known: boolean): Step =>
  step(`${of}/failed-1`, {
    kind: 'failed-reply',
    turn: of,
    failure,
    usage: known ? usage : null,
    usd: known ? 0.5 : null,
  });

describe('turnCosts', () => {
  it('adds up a turn with the requests that brought it no reply', () => {
    const rows = turnCosts([turn('turn/001'), failed('turn/001', true), reply('turn/001', 1)]);
    expect(rows).toMatchObject([{ turn: 'turn/001', failed: 1, usd: 1.5, usage: { input: 20, output: 14 } }]);
    expect(totalCost(rows)).toMatchObject({ usd: 1.5, failed: 1, cached: 0.8 });
  });

  it.each([
    ['a model without a price', [turn('t'), reply('t', null)]],
    ['a reply that was lost on its way', [turn('t'), failed('t', false), reply('t', 1)]],
  ])('says that it does not know the money of %s', (_, steps) => {
    const rows = turnCosts(steps);
    expect(rows[0]?.usd).toBeNull();
    expect(totalCost(rows).usd).toBeNull();
  });

  it('finds nothing in a run that asked no language model', () => {
    expect(totalCost(turnCosts([]))).toMatchObject({ usd: 0, cached: null });
  });
});
