/**
 * A planner that asks a language model, whichever: it keeps the conversation, reads replies strictly and turns them into actions.
 * How a request travels is its sender's matter. It holds no state: the turns are in the record.
 */
import { hashOf, type JsonObject } from '../../../src/contract/index.ts';
import type { Conversation, Reply, Turn } from '../../conversation.ts';
import { type Decision, decisionOf } from '../../offer/decision.ts';
import { offered } from '../../offer/offered.ts';
import type { Means, Observation, Planner } from '../../ports.ts';
import { type Asked, askedOf, type ContextLimit, foldedNow, overflowed } from './asked.ts';
import { opening, type Prompts, systemOf } from './opening.ts';
import { read } from './read.ts';
import { type Answer, answered, outcomeOf } from './told.ts';

/** Contract: returns a whole reply or throws; reports through `failed` every request that brought none. */
export interface Sender {
  /** What its replies depend on beside the request. */
  readonly settings: JsonObject;
  readonly check: () => void;
  send(asked: Asked, means: { signal: AbortSignal; failed: (how: FailedRequest) => void }): Promise<Reply>;
}
export type FailedRequest = Parameters<Parameters<Parameters<Conversation['say']>[1]>[0]>[0];

export interface Parts {
  /** Stands in the record; names the provider and the model. */
  readonly id: string;
  readonly model: string;
  readonly prompts: Prompts;
  readonly sender: Sender;
  readonly context: ContextLimit;
  /** Whether what it costs is known. */
  readonly priced?: boolean | undefined;
}

/** Pages that a model may look at before it must decide. */
const MOST_LOOKS = 10;

export function languagePlanner({ id, model, prompts, sender, context, priced = false }: Parts): Planner {
  const system = systemOf(prompts);
  return {
    id,
    settings: { ...sender.settings, prompts_sha256: hashOf(prompts), tools_sha256: hashOf(offered()) },
    check: sender.check,
    priced,
    async next(observation, means) {
      let shown: Answer | undefined;
      for (let looks = 0; looks <= MOST_LOOKS; looks++) {
        const turn = await say(observation, means, shown);
        if (overflowed(turn) && turn.folded >= means.conversation.turns.length - 1 && turn.folded > 0) {
          return { kind: 'give-up', reason: 'the context window is full, though all results are folded' };
        }
        const decision = decisionIn(turn, observation);
        if (decision.kind !== 'shown') return decision;
        shown = { text: decision.text };
      }
      return { kind: 'unusable', why: `${MOST_LOOKS} looks at results without a decision: decide now` };
    },
  };

  function say(observation: Observation, { conversation, signal }: Means, shown: Answer | undefined): Promise<Turn> {
    const { turns } = conversation;
    const last = turns.at(-1);
    const told = last ? answered(last, shown ?? outcomeOf(last, observation)) : opening(prompts, observation);
    const folded = foldedNow(turns, context);
    const asked = askedOf({ model, system, tools: offered() }, turns, folded, told);
    return conversation.say({ model, told, folded, request_sha256: hashOf(asked) }, (failed) =>
      sender.send(asked, { signal, failed }),
    );
  }
}

const FOLDED: Decision = {
  kind: 'shown',
  text: 'The context was full and your answer did not fit. Earlier results now stand as receipts; `more` shows them again. Answer again.',
};

function decisionIn(turn: Turn, observation: Observation): Decision {
  if (overflowed(turn)) return FOLDED;
  const said = read(turn.reply, 'plan, an experiment, more, claim or give_up');
  switch (said.kind) {
    case 'called':
      return decisionOf(said.name, said.input, observation);
    case 'refused':
      return { kind: 'give-up', reason: 'the language model refused to go on' };
    case 'paused':
      return { kind: 'shown', text: 'Go on.' };
    case 'unusable':
      return said;
  }
}
