/**
 * The purse of a run: reads limits and spending from the record, and says when nothing more may be spent. What it says is recorded,
 * since a replay has no clock. How much a run may spend is a person's matter, and stands in the record too.
 */
import type { Planner, Purse, Recorder } from '../../agents/index.ts';
import { type Budget, type BudgetName, Refusal, type Step, type StepOf } from '../contract/index.ts';
import { limitsOf, spentOf } from '../store/index.ts';

/** Measured against a limit before each act and turn; `calls` is counted by the graph, which still lets a claim through. */
const MEASURED = ['usd', 'tokens', 'device_s', 'wall_s'] as const satisfies readonly BudgetName[];

const WORDS: Readonly<Record<BudgetName, string>> = {
  calls: 'tool calls',
  tokens: 'tokens',
  usd: 'US dollars',
  device_s: 'seconds of the device',
  wall_s: 'seconds of wall time',
};

export class RunPurse implements Purse {
  readonly #recorder: Recorder;
  readonly #now: (() => number) | null;

  /** @param now null in a replay: only what is recorded counts */
  constructor(recorder: Recorder, now: (() => number) | null) {
    this.#recorder = recorder;
    this.#now = now;
  }

  get calls(): number | undefined {
    return limitsOf(this.#recorder.steps()).calls;
  }

  spent(): string | null {
    const steps = this.#recorder.steps();
    const said = steps.findLast(({ body }) => body.kind === 'budget-spent' || body.kind === 'budget-raised')?.body;
    if (said?.kind === 'budget-spent') return sentence(said);
    const over = this.#now === null ? undefined : overspent(steps, this.#now());
    if (over === undefined) return null;
    const earlier = steps.filter(({ body }) => body.kind === 'budget-spent').length;
    this.#recorder.record(`budget/spent-${earlier + 1}`, over);
    return sentence(over);
  }

  /** Milliseconds that a tool call may still take; infinite without such a limit. */
  leftMs(): number {
    if (this.#now === null) return Number.POSITIVE_INFINITY;
    const steps = this.#recorder.steps();
    const { device_s = Number.POSITIVE_INFINITY, wall_s = Number.POSITIVE_INFINITY } = limitsOf(steps);
    const spent = spentOf(steps, this.#now());
    return 1000 * Math.min(device_s - (spent.device_s ?? 0), wall_s - (spent.wall_s ?? 0));
  }
}

function overspent(steps: readonly Step[], now: number): StepOf<'budget-spent'> | undefined {
  const limits = limitsOf(steps);
  if (MEASURED.every((of) => limits[of] === undefined)) return undefined;
  const spent = spentOf(steps, now);
  for (const of of MEASURED) {
    const [limit, amount] = [limits[of], spent[of]];
    if (limit !== undefined && (amount === null || amount >= limit))
      return { kind: 'budget-spent', of, limit, spent: amount };
  }
  return undefined;
}

function sentence({ of, limit, spent }: StepOf<'budget-spent'>): string {
  if (spent === null) return `what a reply cost is not known, and ${limit} ${WORDS[of]} are the limit`;
  return `${Math.round(spent * 1000) / 1000} ${WORDS[of]} are spent, and ${limit} are the limit`;
}

/** What a tool call is told that the budget does not allow, or ended. */
export function budgetRefusal(tool: string, leftMs: number): Refusal {
  return new Refusal({
    code: 'budget-spent',
    what: `${tool} was ${leftMs > 0 ? 'ended' : 'not called'}`,
    why: leftMs > 0 ? `the budget left it ${(leftMs / 1000).toFixed(1)} s` : 'the budget leaves no time for it',
    instead: 'claim what the results so far carry, or give up',
  });
}

/** @throws Refusal for a budget of money with a planner whose price is not known: it could not be held */
export function refuseUnpriced(planner: Planner, budget: Budget | undefined): void {
  if (budget?.usd === undefined || planner.priced !== false) return;
  throw new Refusal({
    code: 'no-price',
    what: `a budget of ${budget.usd} US dollars for the planner ${planner.id}`,
    why: 'nobody here knows what its model costs, so the budget could not be held',
    instead: 'set a budget of tokens, or name a model that has a price in agents/planners/anthropic/prices.json',
  });
}
