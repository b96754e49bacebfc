/** The review of a claim before it is sealed, with a language planner on a local server, cut off at every step of it. */
import { afterEach, describe, expect, it } from 'vitest';
import { CLAIM, LanguageBench, PLAN, TOOL } from './fixtures/language.ts';

let bench: LanguageBench;
afterEach(() => bench.close());

const weak = 'search/01-without';
const handIn = {
  call: {
    tool: 'claim',
    input: { ...(CLAIM['call'] as { input: object }).input, cites: { necessity: [weak] } },
  },
};
const whole = [
  'turn/002',
  'turn/002/reply',
  'review',
  'turn/003',
  'turn/003/reply',
  'search/02-first',
  'search/02-first/result',
  'turn/004',
  'turn/004/reply',
  'claim',
];
const open = async (addedLoss: number): Promise<void> => {
  bench = await LanguageBench.open('anthropic', PLAN, handIn, TOOL, handIn);
  bench.had(weak, 'ablate_components', { added_loss: addedLoss });
};
const fromClaim = (): string[] => bench.acts.slice(bench.acts.indexOf('turn/002'));

describe('a claim that rests on an experiment without effect', () => {
  it('is handed back once, with what was seen; the second is sealed as it comes', async () => {
    await open(0);
    await bench.act();
    expect(fromClaim()).toEqual(whole);
    expect(bench.bodies('review')[0]).toMatchObject({
      after: 1,
      one_more_round: true,
      remarks: expect.arrayContaining([expect.objectContaining({ rule: 'no-effect', acts: [weak] })]),
    });
    const told = JSON.stringify(bench.server.seen[2]?.request.messages.at(-1));
    expect(told).toContain('asks for one more round');
    expect(told).toContain('no-effect');
  });

  it.each(['turn/002/reply', 'review', 'turn/003', 'turn/003/reply', 'search/02-first', 'turn/004/reply'])(
    'cut off after %s it goes on to the same record',
    async (cutAfter) => {
      await open(0);
      await bench.act({ cutAfter }).catch((error: Error) => expect(error.message).toBe('cut'));
      await bench.act();
      expect(fromClaim().filter((act) => !act.includes('failed'))).toEqual(whole);
    },
  );
});

it('a claim in which nothing is to be mended passes', async () => {
  await open(0.7);
  await bench.act();
  expect(fromClaim()).toEqual(['turn/002', 'turn/002/reply', 'review', 'claim']);
  expect(bench.bodies('review')[0]).toMatchObject({ one_more_round: false });
});
