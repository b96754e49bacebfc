/** What planners do with replies of a language model that cannot be acted on: all of them from a local server, on a real record. */
import { afterEach, describe, expect, it } from 'vitest';
import { CLAIM, KINDS, LanguageBench, PLAN, TOOL } from './fixtures/language.ts';

let bench: LanguageBench;
afterEach(() => bench.close());

const gaveUp = (): string => bench.bodies('gave-up')[0]?.reason ?? '';
/** The n-th request, from 0, as text. */
const sent = (n: number): string => JSON.stringify(bench.server.seen[n]?.request.messages);

const wrapped = (input: unknown) => ({
  call: { tool: 'recall_memory', input: { name: 'first', serves: [], because: 'b', input } },
});

async function repaired(kind: (typeof KINDS)[number], turn: Record<string, unknown>, complaint: string): Promise<void> {
  bench = await LanguageBench.open(kind, PLAN, turn, TOOL, CLAIM);
  await bench.act();
  expect(bench.acts.filter((act) => act.startsWith('search/'))).toEqual(['search/01-first', 'search/01-first/result']);
  expect(sent(2)).toContain('This cannot be used: ');
  expect(sent(2)).toContain(complaint);
  expect(bench.acts.at(-1)).toBe('claim');
}

describe.each(KINDS)('%s: a reply is acted on only where it is whole', (kind) => {
  it.each([
    ['JSON that was cut, though the reply says it ends', { ...TOOL, keep: 60 }, 'is no complete JSON'],
    ['a reply at its limit of tokens', { ...TOOL, stop: 'max_tokens' }, 'cut at its limit'],
    ['a reply at its limit in the middle of an input', { ...TOOL, stop: 'max_tokens', keep: 30 }, 'cut at its limit'],
    ['no tool call', { say: 'I think it is a0.h1.' }, 'answer with one tool call'],
    ['a stop for a tool call that is not there', { say: 'Look:', stop: 'tool_use' }, 'holds none'],
    ['a value out of range', wrapped({ limit: 999 }), 'expected number to be <=50'],
    ['an unknown tool', { call: { tool: 'run_python', input: {} } }, 'there is no tool run_python'],
  ])('%s', async (_, turn, complaint) => {
    await repaired(kind, turn, complaint);
  });

  it('of two calls in one reply the first is run, and the other is told so', async () => {
    const also = { tool: 'recall_memory', input: { name: 'other', serves: [], because: 'b', input: {} } };
    bench = await LanguageBench.open(kind, PLAN, { ...TOOL, also }, CLAIM);
    await bench.act();
    expect(bench.acts.filter((act) => act.startsWith('search/'))).toEqual([
      'search/01-first',
      'search/01-first/result',
    ]);
    expect(sent(2)).toContain('one tool call at a time');
  });

  it.each([
    ['with words', { say: 'I cannot.', stop: 'refusal' }],
    ['without a word', { stop: 'refusal' }],
  ])('a refusal %s ends the run', async (_, turn) => {
    bench = await LanguageBench.open(kind, PLAN, turn);
    await bench.act();
    expect(gaveUp()).toBe('the language model refused to go on');
  });
});

describe('whatever the provider', () => {
  it.each([
    ['a wrong type', wrapped({ limit: 'two' }), 'expected number, received string'],
    ['an unknown field', wrapped({ limit: 2, heads: 3 }), 'Unrecognized key'],
    ['a reference to nothing', wrapped({ limit: { $from: 'second.count' } }), 'second'],
    [
      'a claim without evidence',
      { call: { tool: 'claim', input: { roles: {}, settings: {}, statement: '', cites: {} } } },
      'cites at least one act',
    ],
    ['a second plan', PLAN, 'a plan is not wanted now'],
  ])('%s is sent back', async (_, turn, complaint) => {
    await repaired('anthropic', turn, complaint);
  });

  it('after three repairs the run ends without a claim', async () => {
    const wrong = wrapped({ limit: 999 });
    bench = await LanguageBench.open('anthropic', PLAN, wrong, wrong, wrong, wrong, TOOL);
    await bench.act();
    expect(bench.server.seen).toHaveLength(5);
    expect(gaveUp()).toContain('no valid action after 3 repairs');
    expect(gaveUp()).toContain('<=50');
  });

  it('giving up ends the run with its reason', async () => {
    bench = await LanguageBench.open('anthropic', PLAN, {
      call: { tool: 'give_up', input: { reason: 'nothing is there' } },
    });
    await bench.act();
    expect(gaveUp()).toBe('nothing is there');
  });

  it('a pause is gone on from', async () => {
    bench = await LanguageBench.open('anthropic', PLAN, { say: 'Let me see.', stop: 'pause_turn' }, TOOL, CLAIM);
    await bench.act();
    expect(bench.acts.at(-1)).toBe('claim');
  });
});
