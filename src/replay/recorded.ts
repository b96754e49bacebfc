/**
 * The record as a replay meets it: what is decided anew must be the next step of the record, and what the outside world gave is
 * read from there. The first thing that is otherwise ends the replay.
 */
import type { Recorder } from '../../agents/index.ts';
import {
  canonicalJson,
  hashOf,
  type JsonObject,
  Refusal,
  type Step,
  type StepBody,
  type StepKind,
} from '../contract/index.ts';
import { type Change, changes } from './changes.ts';

/** Where decisions and record part. */
export interface Difference {
  /** Number of the step. */
  readonly step: number;
  /** Act of the recorded step; null where the record has no more. */
  readonly recorded: string | null;
  /** Act that was decided now; null where nothing more was. */
  readonly replayed: string | null;
  readonly why: string;
  /** Inside the body, where the acts are the same. */
  readonly changes: readonly Change[];
}

export class Differs extends Error {
  readonly difference: Difference;
  constructor(difference: Difference) {
    super(difference.why);
    this.difference = difference;
  }
}

/** The record ends where something from outside was awaited: the run was cut off there. */
export class RecordEnds extends Error {}

/** What was not decided by us, taken as it is once the step before it came out. A new kind of step must say here which it is. */
const GIVEN: Readonly<Record<StepKind, boolean>> = {
  opened: false,
  'model-facts': false,
  gate: false,
  plan: false,
  'tool-call': false,
  'tool-result': false,
  refusal: false,
  fault: true,
  turn: false,
  reply: true,
  'failed-reply': true,
  resumed: true,
  'budget-spent': true,
  'budget-raised': true,
  'gave-up': false,
  review: false,
  claim: false,
  'control-sets': false,
  verdict: false,
  sealed: false,
};

export class RecordedSteps implements Recorder {
  readonly #recorded: readonly Step[];
  readonly #replayed: Step[] = [];
  readonly #given: Readonly<Record<StepKind, boolean>>;

  /** @param turns given: nobody asks them again */
  constructor(recorded: readonly Step[], turns: 'given' | 'decided' = 'decided') {
    this.#recorded = recorded;
    this.#given = { ...GIVEN, turn: turns === 'given' };
  }

  /** Takes a step that was decided now. @throws Differs; RecordEnds */
  record(act: string, body: StepBody): Step {
    const known = this.step(act);
    if (known !== undefined) return this.#same(known, act, body);
    const next = this.#next();
    if (next === undefined) throw this.#atEnd(act);
    this.#same(next, act, body);
    this.#replayed.push(next);
    this.#passGiven();
    // A reply comes from outside, so without it nothing more can be decided.
    if (body.kind === 'turn' && this.step(`${act}/reply`) === undefined) throw this.#atEnd(`${act}/reply`);
    return next;
  }

  step(act: string): Step | undefined {
    return this.#replayed.find((step) => step.act === act);
  }

  steps(): readonly Step[] {
    return this.#replayed;
  }

  /** Returns the recorded body of an act, replayed yet or not, which the outside world gave. @throws RecordEnds, Differs */
  given(act: string): StepBody {
    const found = this.#recorded.find((step) => step.act === act);
    if (found === undefined) throw this.#atEnd(act);
    return found.body;
  }

  /** Returns what the tool answered to the call that was replayed last. @throws the recorded Refusal; RecordEnds */
  answer(): JsonObject {
    const call = this.#replayed.findLast(({ body }) => body.kind === 'tool-call')?.act ?? '';
    const refusal = this.#recorded.find(({ act }) => act === `${call}/refusal`)?.body;
    if (refusal?.kind === 'refusal') {
      const { code, what, why, instead } = refusal.failure;
      throw new Refusal({ code, what, why, instead });
    }
    const result = this.given(`${call}/result`);
    return result.kind === 'tool-result' ? result.output : {};
  }

  /** @throws Differs where the record goes on */
  finish(): void {
    const next = this.#next();
    if (next === undefined) return;
    throw this.#differs({
      recorded: next.act,
      replayed: null,
      why: 'the record goes on, and nothing more was decided',
    });
  }

  #passGiven(): void {
    for (let next = this.#next(); next !== undefined && this.#given[next.body.kind]; next = this.#next())
      this.#replayed.push(next);
  }

  #next(): Step | undefined {
    return this.#recorded[this.#replayed.length];
  }

  #same(step: Step, act: string, body: StepBody): Step {
    if (step.act !== act)
      throw this.#differs({ recorded: step.act, replayed: act, why: 'another act was decided' }, step.seq);
    if (canonicalJson(step.body) !== canonicalJson(body)) {
      const inside = changes(step.body, JSON.parse(canonicalJson(body)));
      throw this.#differs({ recorded: act, replayed: act, why: 'the same act has another content' }, step.seq, inside);
    }
    return step;
  }

  /** A sealed record is whole; another may have been cut off anywhere. */
  #atEnd(act: string): Error {
    if (this.#recorded.at(-1)?.body.kind !== 'sealed') return new RecordEnds(act);
    const recorded = this.#next()?.act ?? null;
    return this.#differs({ recorded, replayed: act, why: 'the record holds no such act, and is said to be whole' });
  }

  #differs(
    parts: Pick<Difference, 'recorded' | 'replayed' | 'why'>,
    step?: number,
    inside: readonly Change[] = [],
  ): Differs {
    return new Differs({ step: step ?? this.#replayed.length + 1, ...parts, changes: inside });
  }
}

/** Returns the first step whose hashes do not follow from it and the steps before. */
export function brokenStep(steps: readonly Step[]): Step | undefined {
  return steps.find(({ run, seq, act, at, body, content, hash }, index) => {
    const previous = steps[index - 1]?.hash ?? null;
    return hashOf({ act, body }) !== content || hashOf({ run, seq, act, at, body, previous }) !== hash;
  });
}
