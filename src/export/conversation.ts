/**
 * The agent's part of a run as a conversation: what it was told, what it asked for and what it saw. Nothing of the verification
 * stands here: kinds of steps and phases are chosen, not left out, so that a kind that is added later stays outside by itself.
 */
import { type CriterionResult, type Json, type JsonObject, Protocol, type Run, type Step } from '../contract/index.ts';

export type Message =
  | { readonly role: 'user'; readonly id: string; readonly content: string }
  | { readonly role: 'assistant'; readonly id: string; readonly content: string; readonly call: Call }
  | {
      readonly role: 'tool';
      readonly id: string;
      readonly content: string;
      readonly answers: Call;
      readonly refused: boolean;
    };

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

/** Returns what the agent was given before its first word. */
export function assignment(run: Run, steps: readonly Step[]): Message {
  const protocol = Protocol.safeParse(run.protocol).data;
  const facts = steps.find(({ body }) => body.kind === 'model-facts' && body.phase === 'search')?.body;
  const told = protocol === undefined ? {} : given(protocol);
  const lines = [
    `Reproduce the finding ${run.finding} on the model ${run.model}, seed ${run.seed}.`,
    ...(protocol === undefined ? [] : [`The finding: ${protocol.claim}`]),
    `The protocol: ${JSON.stringify(told)}`,
    ...(facts?.kind === 'model-facts' ? [`The model: ${JSON.stringify(facts.facts)}`] : []),
  ];
  return { role: 'user', id: 'assignment', content: lines.join('\n') };
}

/** The part of a protocol that an agent reads: neither measurements, controls nor what is known of the reference model. */
function given({ source, roles, gate, procedure, claim_from, criteria }: Protocol): JsonObject {
  const words = criteria.new_model.map(({ id, says }) => ({ id, says }));
  return { source, roles, gate, procedure, claim_from, criteria: words } as unknown as JsonObject;
}

/** Acts that the agent asked for; what the gate measures on the search half is shown to it unasked. */
const ASKED = 'search/';

/** Returns the messages that one step adds, given the calls before it; none for a step that the agent did not take part in. */
export function messagesOf({ act, body }: Step, calls: ReadonlyMap<string, Call>): Message[] {
  const say = (name: string, content: string, input: JsonObject): Message[] => {
    const call = { id: act, name, arguments: input };
    return [{ role: 'assistant', id: act, content, call }];
  };
  switch (body.kind) {
    case 'plan':
      return say('plan', body.plan.intent, body.plan as unknown as JsonObject);
    case 'tool-call':
      return act.startsWith(ASKED) ? say(body.tool, body.because, body.input as JsonObject) : [];
    case 'tool-result':
      return answered(act, body.phase, calls.get(body.call), observed(body.output), false);
    case 'refusal':
      return answered(act, body.phase, calls.get(body.call), sentence(body.failure), true);
    case 'gate':
      return body.phase === 'search' ? [{ role: 'user', id: act, content: gate(body.result) }] : [];
    case 'claim':
      return say('claim', body.claim.statement, body.claim as unknown as JsonObject);
    case 'gave-up':
      return say('give_up', body.reason, { reason: body.reason });
    default:
      return [];
  }
}

const sentence = ({ what, why, instead }: { what: string; why: string; instead: string }): string =>
  `Refused: ${what}: ${why}. Instead: ${instead}.`;

const gate = ({ says, status, measured, threshold }: CriterionResult): string =>
  `The gate (${says}): ${status}, measured ${measured ?? 'nothing'}, asked ${threshold}.`;

/** An answer to a call of the agent, or what it was shown unasked; nothing of the verification. */
function answered(
  id: string,
  phase: 'search' | 'verify',
  call: Call | undefined,
  content: string,
  refused: boolean,
): Message[] {
  if (phase !== 'search') return [];
  return id.startsWith(ASKED)
    ? answer(id, call, content, refused)
    : [{ role: 'user', id, content: `Measured by the gate: ${content}` }];
}

function answer(id: string, call: Call | undefined, content: string, refused: boolean): Message[] {
  return call === undefined ? [] : [{ role: 'tool', id, content, answers: call, refused }];
}

/** Returns the whole conversation. A plan is answered at once: what was sealed is only repeated. */
export function conversation(run: Run, steps: readonly Step[]): Message[] {
  const calls = new Map<string, Call>();
  const messages = [assignment(run, steps)];
  for (const step of steps)
    for (const message of messagesOf(step, calls)) {
      messages.push(message);
      if (message.role !== 'assistant') continue;
      calls.set(message.id, message.call);
      if (message.call.name === 'plan') messages.push(...answer(`${message.id}/sealed`, message.call, 'sealed', false));
    }
  return messages;
}

const MOST_ITEMS = 12;

/** Returns a result as an agent needs it: numbers to four digits, long lists cut, arrays by name, the receipt in three fields. */
export function observed(output: Json): string {
  return JSON.stringify(brief(output));
}

function brief(value: Json): Json {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(4));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_ITEMS).map(brief);
    return value.length > MOST_ITEMS ? [...shown, `and ${value.length - MOST_ITEMS} more`] : shown;
  }
  if (typeof value['sha256'] === 'string' && Array.isArray(value['shape']))
    return `artifact ${value['sha256']} (${value['shape'].join('×')}, ${String(value['unit'] ?? '')})`;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'receipt' ? fired(item) : brief(item)]),
  );
}

/** Of a receipt an agent needs what it may have got wrong: which prompts, and whether the edits happened. */
function fired(receipt: Json): Json {
  if (typeof receipt !== 'object' || receipt === null || Array.isArray(receipt)) return receipt;
  const { prompts = null, edits_requested = null, edits_fired = null } = receipt;
  return { prompts, edits_requested, edits_fired };
}
