import { describe, expect, it } from 'vitest';
import type { Action } from './action.ts';
import { ask } from './ask.ts';
import { observation } from './fixtures/view.ts';
import type { Planner, Recorder } from './ports.ts';

/** Answers in order, and keeps what it was told. */
function planner(...answers: unknown[]): Planner & { complaints: (string | null)[] } {
  const complaints: (string | null)[] = [];
  return {
    id: 'test',
    complaints,
    next: async ({ complaint }) => {
      complaints.push(complaint);
      return answers.length > 1 ? answers.shift() : answers[0];
    },
  };
}
const recorder: Recorder = {
  record: () => {
    throw new Error('nothing is recorded here');
  },
  steps: () => [],
};
const purse = { calls: undefined, spent: () => null };
const put = (to: Planner, wanted: Action['kind'][], problemOf?: (action: Action) => string | null) =>
  ask(
    { planner: to, recorder, purse, signal: new AbortController().signal },
    { question: 'plan', observation: observation(), wanted, ...(problemOf ? { problemOf } : {}) },
  );
const tool = { kind: 'tool', name: 'a', tool: 't', input: {}, serves: [], because: 'b' };

describe('ask', () => {
  it('sends an answer that does not fit back with the reason', async () => {
    const repairing = planner({ kind: 'tool' }, tool);
    expect(await put(repairing, ['tool'])).toEqual(tool);
    expect(repairing.complaints[0]).toBeNull();
    expect(repairing.complaints[1]).toContain('name');
  });

  it('shows a copy: what a planner writes into it counts for nothing', async () => {
    const shown = observation();
    const before = structuredClone(shown);
    const tampering: Planner = {
      id: 'test',
      next: async (seen) => {
        (seen as { remaining: number }).remaining = 1e6;
        (seen.protocol.roles as unknown[]).length = 0;
        return tool;
      },
    };
    const purse = { calls: undefined, spent: () => null };
    const means = { planner: tampering, recorder, purse, signal: new AbortController().signal };
    await ask(means, { question: 'plan', observation: shown, wanted: ['tool'] });
    expect(shown).toEqual(before);
  });

  it('refuses unknown fields, kinds that are not wanted now, and what the caller objects to', async () => {
    const stubborn = planner(
      { ...tool, hidden: 1 },
      { kind: 'claim', claim: { roles: {}, settings: {}, statement: '', cites: {} } },
      tool,
      tool,
    );
    const action = await put(stubborn, ['tool'], () => 'the name a is taken');
    expect(action).toEqual({ kind: 'give-up', reason: 'no valid action after 3 repairs: the name a is taken' });
    expect(stubborn.complaints).toHaveLength(4);
    expect(stubborn.complaints[1]).toContain('hidden');
    expect(stubborn.complaints[2]).toContain('a claim is not wanted now');
  });

  it('asks nobody when the budget is spent', async () => {
    const never = planner(tool);
    const spent = { calls: undefined, spent: () => '3 tokens are spent' };
    const asked = { question: 'plan', observation: observation(), wanted: ['tool'] as const };
    const signal = new AbortController().signal;
    expect(await ask({ planner: never, recorder, purse: spent, signal }, asked)).toEqual({
      kind: 'give-up',
      reason: 'budget: 3 tokens are spent',
    });
    expect(never.complaints).toEqual([]);
  });

  it('passes on why a planner finds its own answer unusable', async () => {
    const repairing = planner({ kind: 'unusable', why: 'the input is no JSON' }, tool);
    expect(await put(repairing, ['tool'])).toEqual(tool);
    expect(repairing.complaints[1]).toBe('the input is no JSON');
  });

  it('lets a planner give up at any time', async () => {
    expect(await put(planner({ kind: 'give-up', reason: 'no' }), ['plan'])).toEqual({
      kind: 'give-up',
      reason: 'no',
    });
  });
});
