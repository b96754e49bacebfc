/**
 * The ledger of a run: what it may spend and what it has spent, both read from its steps. Nothing is counted beside the record, so
 * no crash and no planner can set a counter back. Times are those at which steps were recorded.
 */
import type { Budget, BudgetName, Step, StepBody, Usage } from '../contract/index.ts';
import { notRaised } from './refusals.ts';

export type Spent = { readonly [K in BudgetName]: number | null };

/** Before these steps nobody worked on the run: the process had ended. */
const AFTER_A_PAUSE: readonly StepBody['kind'][] = ['resumed', 'budget-raised'];
const AGENT_ENDS: readonly StepBody['kind'][] = ['claim', 'gave-up'];

/** Returns the limits with which the run was opened, and as people raised them since. */
export function limitsOf(steps: readonly Step[]): Budget {
  let limits: Budget = {};
  for (const { body } of steps) {
    if (body.kind === 'opened') limits = { ...body.budget };
    if (body.kind === 'budget-raised') limits = { ...limits, ...body.limits };
  }
  return limits;
}

/**
 * Returns what the agent has spent. `usd` is null where the cost of a reply is not known.
 * @param now ms; without it the time since the last step is left out
 */
export function spentOf(steps: readonly Step[], now?: number): Spent {
  const end = steps.findIndex(({ body }) => AGENT_ENDS.includes(body.kind));
  const own = end < 0 ? steps : steps.slice(0, end + 1);
  const last = own.at(-1);
  let [wall, device] = [0, 0];
  for (const [index, { at, body }] of own.entries()) {
    const before = own[index - 1];
    if (before === undefined || AFTER_A_PAUSE.includes(body.kind)) continue;
    const passed = Math.max(0, Date.parse(at) - Date.parse(before.at));
    wall += passed;
    if (body.kind === 'tool-result' || body.kind === 'refusal') device += passed;
  }
  if (end < 0 && now !== undefined && last !== undefined) wall += Math.max(0, now - Date.parse(last.at));
  const calls = own.filter(({ act, body }) => body.kind === 'tool-call' && act.startsWith('search/')).length;
  return { calls, ...paid(own), device_s: device / 1000, wall_s: wall / 1000 };
}

/** A limit can only be raised, and only while the agent still works. @throws Refusal not-raised */
export function checkRaise(run: string, steps: readonly Step[], raised: Budget): void {
  const ended = steps.find(({ body }) => AGENT_ENDS.includes(body.kind));
  if (ended !== undefined) throw notRaised(run, `its agent ended with \`${ended.act}\``, 'start a new run');
  const limits = limitsOf(steps);
  for (const [name, limit] of Object.entries(raised) as [BudgetName, number][]) {
    const before = limits[name];
    if (before === undefined) throw notRaised(run, `it has no limit of ${name}`, 'raise a limit that it has');
    if (limit <= before) throw notRaised(run, `its limit of ${name} is ${before} already`, 'name a larger one');
  }
}

const NOTHING: Usage = { input: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 };
const tokensOf = (usage: Usage): number => Object.values(usage).reduce((sum, tokens) => sum + tokens, 0);

/** A request of which nobody knows what it cost counts as much as the reply that came in its place. */
function paid(steps: readonly Step[]): Pick<Spent, 'tokens' | 'usd'> {
  const replies = new Map(steps.flatMap(({ body }) => (body.kind === 'reply' ? [[body.turn, body] as const] : [])));
  let tokens = 0;
  let usd: number | null = 0;
  for (const { body } of steps) {
    if (body.kind !== 'reply' && body.kind !== 'failed-reply') continue;
    const known = body.usage !== null ? body : replies.get(body.turn);
    tokens += tokensOf(known?.usage ?? NOTHING);
    if (known !== undefined) usd = usd === null || known.usd === null ? null : usd + known.usd;
  }
  return { tokens, usd };
}
