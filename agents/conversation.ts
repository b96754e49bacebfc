/**
 * The turns of a run as its record holds them, and the one way to add another. A turn is recorded before it is asked, its reply
 * before anybody acts on it; a reply that is recorded is never asked for again. Knows no provider and no wire format.
 */
import type { Json, Step, StepOf } from '../src/contract/index.ts';
import type { Purse, Recorder } from './ports.ts';
import { refuseWhenSpent } from './purse.ts';

export interface Turn {
  /** The model that was asked. */
  readonly model: string;
  readonly told: readonly Json[];
  readonly folded: number;
  readonly reply: Reply;
}

export type Reply = Omit<StepOf<'reply'>, 'kind' | 'turn'>;
type NewTurn = Omit<StepOf<'turn'>, 'kind' | 'for'>;
type Failed = Omit<StepOf<'failed-reply'>, 'kind' | 'turn'>;

/** Sends a turn. `failed` records a request that brought no reply, before it is sent again. */
type Send = (failed: (how: Failed) => void) => Promise<Reply>;

export class Conversation {
  readonly #recorder: Recorder;
  readonly #question: string;
  readonly #purse: Pick<Purse, 'spent'>;
  readonly #under: string;
  /** How many recorded turns lie behind. */
  #done: number;

  /**
   * @param question what the graph asks for, e.g. `search/03`; its turns are walked through again before a new one is asked
   * @param under how the acts of its turns begin: another word makes another conversation
   */
  constructor(recorder: Recorder, question: string, purse: Pick<Purse, 'spent'>, under = 'turn') {
    this.#under = under;
    this.#recorder = recorder;
    this.#purse = purse;
    this.#question = question;
    const asked = this.#asked();
    const first = asked.findIndex(({ body }) => body.for === question);
    this.#done = first < 0 ? asked.length : first;
  }

  /** Every turn before the next one, in order, each with its reply. */
  get turns(): readonly Turn[] {
    const steps = this.#recorder.steps();
    return this.#asked()
      .slice(0, this.#done)
      .flatMap(({ act }) => {
        const turn = turnIn(steps, act);
        return turn?.reply ? [{ ...turn, reply: turn.reply }] : [];
      });
  }

  /**
   * Returns the recorded reply to the next turn; where there is none, records the turn, sends it, and records what came.
   * @throws PurseEmpty before a turn that the budget does not allow
   */
  async say(turn: NewTurn, send: Send): Promise<Turn> {
    const act = `${this.#under}/${String(this.#done + 1).padStart(3, '0')}`;
    const before = turnIn(this.#recorder.steps(), act);
    if (before?.reply) return this.#next(before, before.reply);
    refuseWhenSpent(this.#purse);
    this.#recorder.record(act, { kind: 'turn', for: this.#question, ...turn });
    if (before) this.#fail(act, CUT_OFF);
    // A replay has the reply as soon as the turn is the same.
    const given = turnIn(this.#recorder.steps(), act)?.reply;
    const reply = given ?? (await send((how) => this.#fail(act, how)));
    if (!given) this.#recorder.record(`${act}/reply`, { kind: 'reply', turn: act, ...reply });
    return this.#next(turn, reply);
  }

  /** Its recorded turns, in order. */
  #asked(): Step<StepOf<'turn'>>[] {
    return this.#recorder
      .steps()
      .filter(
        (step): step is Step<StepOf<'turn'>> => step.body.kind === 'turn' && step.act.startsWith(`${this.#under}/`),
      );
  }

  #next({ model, told, folded }: Omit<Turn, 'reply'>, reply: Reply): Turn {
    this.#done++;
    return { model, told, folded, reply };
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
    why: 'the process ended before it was recorded; where replies are paid for, it may have been paid once',
    instead: 'nothing: it is asked for again',
  },
  usage: null,
  usd: null,
};

/** A recorded turn, with its reply where it has one. */
function turnIn(steps: readonly Step[], act: string): (StepOf<'turn'> & { reply: Reply | undefined }) | undefined {
  const turn = steps.find((step) => step.act === act)?.body;
  const said = steps.find((step) => step.act === `${act}/reply`)?.body;
  if (turn?.kind !== 'turn') return undefined;
  if (said?.kind !== 'reply') return { ...turn, reply: undefined };
  const { kind: _, turn: __, ...reply } = said;
  return { ...turn, reply };
}
