/** How an agent that may spend no more is stopped, wherever it is: before its next act, or before its next turn. */
import type { Purse } from './ports.ts';

/** Contract: ends as giving up, never as a fault. */
export class PurseEmpty extends Error {}

/** @throws PurseEmpty with the reason */
export function refuseWhenSpent(purse: Pick<Purse, 'spent'>): void {
  const why = purse.spent();
  if (why !== null) throw new PurseEmpty(`budget: ${why}`);
}
