import { describe, expect, it } from 'vitest';
import { ask } from './ask.ts';
import { observation } from './fixtures/view.ts';
import type { Planner } from './ports.ts';

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
const tool = { kind: 'tool', name: 'a', tool: 't', input: {}, serves: [], because: 'b' };

describe('ask', () => {
  it('sends an answer that does not fit back with the reason', async () => {
    const repairing = planner({ kind: 'tool' }, tool);
    expect(await ask(repairing, observation(), ['tool'])).toEqual(tool);
    expect(repairing.complaints[0]).toBeNull();
    expect(repairing.complaints[1]).toContain('name');
  });

  it('refuses unknown fields, kinds that are not wanted now, and what the caller objects to', async () => {
    const stubborn = planner(
      { ...tool, hidden: 1 },
      { kind: 'claim', claim: { roles: {}, settings: {}, statement: '', cites: [] } },
      tool,
      tool,
    );
    const action = await ask(stubborn, observation(), ['tool'], () => 'the name a is taken');
    expect(action).toEqual({ kind: 'give-up', reason: 'no valid action after 3 repairs: the name a is taken' });
    expect(stubborn.complaints).toHaveLength(4);
    expect(stubborn.complaints[1]).toContain('hidden');
    expect(stubborn.complaints[2]).toContain('a claim is not wanted now');
  });

  it('lets a planner give up at any time', async () => {
    expect(await ask(planner({ kind: 'give-up', reason: 'no' }), observation(), ['plan'])).toEqual({
      kind: 'give-up',
      reason: 'no',
    });
  });
});
