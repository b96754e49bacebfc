/**
 * The agent's part of a run as a conversation: what it was told, what it asked for and what it saw. A planner that asked a language
 * model is quoted from its turns; any other is put into the words that such a planner uses, so that what it did can be learned from.
 * Nothing of the verification stands here: kinds of steps and phases are chosen, not left out, so that a kind that is added later
 * stays outside by itself.
 */
import { showRefusal, showResult } from '../../agents/index.ts';
import { type CriterionResult, type JsonObject, Protocol, type Run, type Step } from '../contract/index.ts';
import { isAside, spoken } from './turns.ts';

export type Message =
  | { readonly role: 'user'; readonly id: string; readonly content: string }
  | { readonly role: 'assistant'; readonly id: string; readonly content: string; readonly calls: readonly Call[] }
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

/** What the agent was given before its first word. */
function assignment(run: Run, steps: readonly Step[]): Message {
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
const NAME = /^search\/\d+-/;

/** Returns the messages that one step adds, given the calls before it; none for a step that the agent did not take part in. */
type Teller = (step: Step, calls: ReadonlyMap<string, Call>) => Message[];

/** Returns how the steps of a run are told, and what stands before them: turns of a language model quote what it was given themselves. */
export function telling(run: Run, steps: readonly Step[]): { readonly first: Message[]; readonly tell: Teller } {
  const quoted = steps.some(({ body }) => body.kind === 'turn');
  return quoted ? { first: [], tell: spoken } : { first: [assignment(run, steps)], tell: acted };
}

function acted({ act, body }: Step, calls: ReadonlyMap<string, Call>): Message[] {
  const say = (name: string, content: string, input: JsonObject): Message[] => {
    const call = { id: act, name, arguments: input };
    return [{ role: 'assistant', id: act, content, calls: [call] }];
  };
  switch (body.kind) {
    case 'plan':
      return say('plan', body.plan.intent, body.plan as unknown as JsonObject);
    case 'tool-call': {
      const { tool, input, serves, because } = body;
      return act.startsWith(ASKED) ? say(tool, because, { name: act.replace(NAME, ''), input, serves, because }) : [];
    }
    case 'tool-result': {
      const call = calls.get(body.call);
      const { tool, output } = body;
      const text = showResult(nameOf(body.call), { act: body.call, tool, input: {}, output });
      return answered(act, body.phase, call, text, false);
    }
    case 'refusal': {
      const call = calls.get(body.call);
      const { failure } = body;
      const text = showRefusal({ act: body.call, name: nameOf(body.call), tool: call?.name ?? 'a tool', failure });
      return answered(act, body.phase, call, text, true);
    }
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

/** The name that an experiment was given, or that of a measurement of the gate. */
const nameOf = (act: string): string => act.replace(NAME, '').replace(/^gate\/search\//, '');

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

/** Returns the whole conversation, without that of a review. A plan that was not asked of a language model is answered at once: what was sealed is only repeated. */
export function conversation(run: Run, steps: readonly Step[]): Message[] {
  const calls = new Map<string, Call>();
  const { first, tell } = telling(run, steps);
  const messages = [...first];
  for (const step of steps.filter((one) => !isAside(one)))
    for (const message of tell(step, calls)) {
      messages.push(message);
      if (message.role !== 'assistant') continue;
      for (const call of message.calls) calls.set(call.id, call);
      const [plan] = step.body.kind === 'plan' ? message.calls : [];
      messages.push(...answer(`${message.id}/sealed`, plan, 'sealed', false));
    }
  return messages;
}
