/** A claim that nobody found: random heads in the place of every head. */
import type { Claim, ModelFacts } from '../../src/contract/index.ts';
import { randomFrom, sample } from '../../src/expression/index.ts';
import { drawControl } from '../../src/job/index.ts';

/** Replaces every head of a claim by a random one of the same layer that the claim does not name. */
export function randomClaim(claim: Claim, facts: ModelFacts, seed: number): Claim {
  const roles = Object.keys(claim.roles).map((role) => {
    const control = { control: 'calibration', kind: 'layer-matched-random-heads', role, sets: 1 } as const;
    return [role, drawControl(control, claim, facts, seed).sets[0] ?? claim.roles[role]];
  });
  return { ...claim, roles: Object.fromEntries(roles), statement: 'Random heads of equal number in the same layers.' };
}

/** Replaces every head of a claim by a random one of any layer that the claim does not name. */
export function claimOfAnyLayers(claim: Claim, facts: ModelFacts, seed: number): Claim {
  const claimed = new Set(Object.values(claim.roles).flat());
  const spare = Array.from({ length: facts.layers * facts.heads }, (_, place) => {
    return `a${Math.floor(place / facts.heads)}.h${place % facts.heads}`;
  }).filter((head) => !claimed.has(head));
  const roles = Object.entries(claim.roles).map(([role, heads]) => {
    const drawn = new Set(sample(spare, heads.length, randomFrom(`${seed}|calibration|${role}`)));
    return [role, spare.filter((head) => drawn.has(head))];
  });
  return { ...claim, roles: Object.fromEntries(roles), statement: 'Random heads of equal number.' };
}
