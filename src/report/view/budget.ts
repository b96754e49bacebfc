/** What the agent of a run might spend and what it spent, in words; empty for a run without a budget. */
import type { BudgetName, Step } from '../../contract/index.ts';
import { limitsOf, spentOf } from '../../store/index.ts';
import { number } from '../numbers.ts';

const WORDS: Readonly<Record<BudgetName, string>> = {
  calls: 'calls',
  tokens: 'tokens',
  usd: 'US dollars',
  device_s: 's of the device',
  wall_s: 's of wall time',
};

export function budgetInWords(steps: readonly Step[]): string {
  const spent = spentOf(steps);
  return Object.entries(limitsOf(steps))
    .map(([name, limit]) => {
      const amount = spent[name as BudgetName];
      return `${amount === null ? 'unknown' : number(amount)} of ${number(limit)} ${WORDS[name as BudgetName]}`;
    })
    .join(', ');
}
