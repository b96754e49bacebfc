/** How a budget is written on the command line: `wall=30m,calls=40,tokens=200k,usd=2,device=600s`. */
import { InvalidArgumentError } from 'commander';
import { Budget, type BudgetName } from '../contract/index.ts';

export const BUDGET_HELP = 'e.g. wall=30m,calls=40,tokens=200k,usd=2,device=600s';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };
const COUNT = { '': 1, k: 1e3, M: 1e6 };

interface Reading {
  readonly field: BudgetName;
  readonly units: Readonly<Record<string, number>>;
  readonly like: string;
}

const WORDS: Readonly<Record<string, Reading>> = {
  wall: { field: 'wall_s', units: SECONDS, like: '90s, 30m, 2h or 1d' },
  device: { field: 'device_s', units: SECONDS, like: '90s, 30m, 2h or 1d' },
  calls: { field: 'calls', units: { '': 1 }, like: '40, at most 200' },
  tokens: { field: 'tokens', units: COUNT, like: '200000, 200k or 2M' },
  usd: { field: 'usd', units: { '': 1 }, like: '2 or 0.50' },
};

/** @throws InvalidArgumentError naming the word that cannot be read */
export function budgetOf(text: string): Budget {
  const budget: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [, word = '', digits = '', unit = ''] = /^\s*([a-z]+)\s*=\s*(\d+(?:\.\d+)?)([A-Za-z]*)\s*$/.exec(part) ?? [];
    const reading = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (reading === undefined)
      throw new InvalidArgumentError(`\`${part.trim()}\` cannot be read: a budget is written as ${BUDGET_HELP}`);
    if (reading.field in budget) throw new InvalidArgumentError(`${word} is named twice`);
    const factor = Object.hasOwn(reading.units, unit) ? reading.units[unit] : undefined;
    const amount = Number(digits) * (factor ?? Number.NaN);
    const one = Budget.shape[reading.field].safeParse(amount);
    if (!one.success)
      throw new InvalidArgumentError(`\`${part.trim()}\` cannot be read: ${word} is written as ${reading.like}`);
    budget[reading.field] = amount;
  }
  return Budget.parse(budget);
}
