/** A claim that nobody found: random heads in the place of every head, in the same layers. */
import type { Claim, ModelFacts } from '../../src/contract/index.ts';
import { drawControl } from '../../src/job/index.ts';

/** Replaces every head of a claim by a random one of the same layer that the claim does not name. */
export function randomClaim(claim: Claim, facts: ModelFacts, seed: number): Claim {
  const roles = Object.keys(claim.roles).map((role) => {
    const control = { control: 'calibration', kind: 'layer-matched-random-heads', role, sets: 1 } as const;
    return [role, drawControl(control, claim, facts, seed).sets[0] ?? claim.roles[role]];
  });
  return { ...claim, roles: Object.fromEntries(roles), statement: 'Random heads of equal number in the same layers.' };
}
