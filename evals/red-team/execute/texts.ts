/** Injected texts, everywhere: what is decided, what a language model is told, and what is printed stay as they would be without. */
import { type Planner, scripted } from '../../../agents/index.ts';
import { hashOf, type JsonObject } from '../../../src/contract/index.ts';
import { startMessagesServer } from '../../servers/messages/server.ts';
import { Script } from '../../servers/script.ts';
import { type Bench, type Ending, SEED, trajectory } from '../bench.ts';
import { type Decided, decided } from '../offline.ts';
import { type AttackOf, type InjectedText, readTexts } from '../schema.ts';
import { inFinding, inOutput, leakIn } from '../texts.ts';
import { anthropicAt, KEY } from './agent.ts';
import { onFaces } from './faces.ts';

export async function texts({ into }: AttackOf<'texts'>, bench: Bench): Promise<Ending> {
  const all = readTexts();
  if (into === 'finding') return same(await inFindings(all), `${all.length} texts: same plan, claim and verdict`);
  if (into === 'agent') return same(await ofAgent(all), `${all.length} texts: same verdict`);
  if (into === 'replies') return same(await toldTo(all), `${all.length} texts: only inside data, escaped`);
  return same(await onFaces(all, bench), `${all.length} texts: no unseen character reached a terminal or a page`);
}

/** @param wrong what changed, one entry a text */
function same(wrong: readonly string[], because: string): Ending {
  return wrong.length === 0 ? { ends: 'unchanged', because } : { ends: 'reproduced', because: wrong.join('; ') };
}

/** What must not change: plan, claim, and of the verdict all that is not the protocol's own prose. */
function decisionOf({ plan, claim, verdict }: Decided): string {
  const results = verdict.criteria.map(({ id, status, measured }) => ({ id, status, measured }));
  return hashOf({ plan, claim, verdict: verdict.verdict, because: verdict.because, results });
}

async function inFindings(all: readonly InjectedText[]): Promise<string[]> {
  const from = trajectory('induction');
  const honest = decisionOf(await decided({ from, planner: scripted }));
  const whole = { name: 'all at once', text: all.map(({ text }) => text).join(' ') };
  const wrong: string[] = [];
  for (const { name, text } of [...all, whole]) {
    const changed = await decided({
      from,
      planner: scripted,
      protocol: (protocol) => inFinding(protocol, text),
      output: (output) => inOutput(output, text),
    });
    if (decisionOf(changed) !== honest) wrong.push(`${name}: another decision`);
  }
  return wrong;
}

async function ofAgent(all: readonly InjectedText[]): Promise<string[]> {
  const from = trajectory('induction');
  const { verdict: honest } = await decided({ from, planner: scripted });
  const wrong: string[] = [];
  for (const { name, text } of all) {
    const { verdict } = await decided({ from, planner: speaking(text) });
    if (hashOf(verdict) !== hashOf(honest)) wrong.push(`${name}: another verdict`);
  }
  return wrong;
}

/** Follows the procedure and says the text wherever it may speak. */
function speaking(text: string): Planner {
  return {
    id: 'speaker',
    async next(observation) {
      const action = await scripted.next(observation);
      if (action.kind === 'tool') return { ...action, because: text };
      if (action.kind === 'plan') return { ...action, plan: { ...action.plan, intent: text } };
      return action.kind === 'claim' ? { ...action, claim: { ...action.claim, statement: text } } : action;
    },
  };
}

const CALL = { serves: ['N1'], because: 'b' };

/** Texts in one conversation. */
const GROUP = 8;

/** In each conversation: the finding, results, a refusal, a page of more. */
async function toldTo(all: readonly InjectedText[]): Promise<string[]> {
  const from = trajectory('induction');
  const wrong: string[] = [];
  for (let first = 0; first < all.length; first += GROUP) {
    const group = all.slice(first, first + GROUP).map((one) => one.text);
    const text = group.join(' ');
    const name = `texts from ${first + 1} on`;
    const server = await startMessagesServer({ script: Script.parse({ about: 'injected', turns: TURNS }), key: KEY });
    try {
      const planner = anthropicAt(server.url);
      const output = (given: JsonObject) => inOutput(given, text);
      await decided({ from, planner, protocol: (protocol) => inFinding(protocol, text), output, refusal: text });
      if (server.seen.length !== TURNS.length) wrong.push(`${name}: ${server.seen.length} turns`);
      const messages = server.seen.flatMap(({ request }) => textsOf(request.messages));
      const leak = messages.map((message) => leakIn(message, group)).find((found) => found !== null);
      if (leak !== undefined) wrong.push(`${name}: ${leak}`);
      if (!['dtype ', 'refused as'].every((shown) => messages.some((message) => message.includes(shown))))
        wrong.push(`${name}: it was never shown`);
    } finally {
      await server.close();
    }
  }
  return wrong;
}

/** Every text of the user's messages, which are what we say; replies are the model's own. */
function textsOf(messages: readonly unknown[]): string[] {
  return messages.flatMap((message) => {
    const { role, content } = message as { role: string; content: unknown };
    if (role !== 'user') return [];
    return (Array.isArray(content) ? content : [{ text: content }]).map((block: JsonObject) =>
      String(block['text'] ?? block['content'] ?? ''),
    );
  });
}

const turn = (tool: string, input: JsonObject) => ({ faults: [], pace_ms: 0, call: { tool, input } });
const TURNS = [
  turn('plan', { intent: 'i', items: [{ name: 'matching', tool: 'attention_scores', serves: ['N1'] }] }),
  turn('attention_scores', {
    name: 'matching',
    ...CALL,
    input: {
      prompts: { kind: 'repeated-tokens', length: 50, repeats: 2, count: 10, seed: SEED },
      pattern: 'induction',
    },
  }),
  turn('more', { of: 'matching', list: 'heads' }),
  turn('copy_scores', { name: 'unknown', ...CALL, input: { components: ['a1.h0'] } }),
  turn('give_up', { reason: 'enough was shown' }),
];
