/**
 * The turns of a run as its record holds them, and the one way to add another. A turn is recorded before it is asked, its reply
 * before anybody acts on it; a reply that is recorded is never asked for again. Knows no provider and no wire format.
 */
import type { Json, Step, StepOf } from '../src/contract/index.ts';
import type { Recorder } from './ports.ts';

export interface Turn {
  readonly told: readonly Json[];
  readonly folded: number;
  readonly reply: Reply;
}

export type Reply = Omit<StepOf<'reply'>, 'kind' | 'turn'>;
type NewTurn = Omit<StepOf<'turn'>, 'kind' | 'for'>;
type Failed = Omit<StepOf<'failed-reply'>, 'kind' | 'turn'>;

/** Sends a turn. `failed` records a request that brought no reply, before it is sent again. */
type Send = (failed: (how: Failed) => void) => Promise<Reply>;

const TURN = /^turn\/\d+$/;
const actOf = (position: number): string => `turn/${String(position).padStart(3, '0')}`;

export class Conversation {
  readonly #recorder: Recorder;
  readonly #question: string;
  /** How many recorded turns lie behind. */
  #done: number;

  /** @param question what the graph asks for, e.g. `search/03`; its turns are walked through again before a new one is asked */
  constructor(recorder: Recorder, question: string) {
    this.#recorder = recorder;
    this.#question = question;
    const asked = recorder.steps().filter(isTurn);
    const first = asked.findIndex(({ body }) => body.for === question);
    this.#done = first < 0 ? asked.length : first;
  }

  /** Every turn before the next one, in order, each with its reply. */
  get turns(): readonly Turn[] {
    const steps = this.#recorder.steps();
    const asked = steps.filter(isTurn).slice(0, this.#done);
    return asked.flatMap(({ act, body: { told, folded } }) => {
      const reply = replyTo(steps, act);
      return reply ? [{ told, folded, reply }] : [];
    });
  }

  /** Returns the recorded reply to the next turn; where there is none, records the turn, sends it, and records what came. */
  async say(turn: NewTurn, send: Send): Promise<Turn> {
    const act = actOf(this.#done + 1);
    const steps = this.#recorder.steps();
    const pending = steps.some((step) => step.act === act);
    const known = replyTo(steps, act);
    const told = known ? (steps.find((step) => step.act === act)?.body as StepOf<'turn'>) : undefined;
    if (known && told) {
      this.#done++;
      return { told: told.told, folded: told.folded, reply: known };
    }
    this.#recorder.record(act, { kind: 'turn', for: this.#question, ...turn });
    if (pending) this.#fail(act, CUT_OFF);
    const reply = await send((how) => this.#fail(act, how));
    this.#recorder.record(`${act}/reply`, { kind: 'reply', turn: act, ...reply });
    this.#done++;
    return { told: turn.told, folded: turn.folded, reply };
  }

  #fail(turn: string, how: Failed): void {
    const earlier = this.#recorder.steps().filter(({ body }) => body.kind === 'failed-reply' && body.turn === turn);
    this.#recorder.record(`${turn}/failed-${earlier.length + 1}`, { kind: 'failed-reply', turn, ...how });
  }
}

/** A process that ends between a turn and its reply may have asked: what that cost nobody can know. */
const CUT_OFF: Failed = {
  failure: {
    kind: 'fault',
    code: 'cut-off',
    what: 'the reply',
    why: 'the process ended before it was recorded, so it may have been asked for and paid once',
    instead: 'nothing: it is asked for again',
  },
  usage: null,
  usd: null,
};

const isTurn = (step: Step): step is Step<StepOf<'turn'>> => step.body.kind === 'turn' && TURN.test(step.act);

function replyTo(steps: readonly Step[], turn: string): Reply | undefined {
  const body = steps.find(({ act }) => act === `${turn}/reply`)?.body;
  if (body?.kind !== 'reply') return undefined;
  const { kind: _, turn: __, ...reply } = body;
  return reply;
}
