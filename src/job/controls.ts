/**
 * Draws the control sets of a claim: random heads of the same number in the same layers, none of them claimed. They are the
 * null against which the claim's numbers are held, on this very model.
 */
import type { Claim, Control, ModelFacts } from '../contract/index.ts';
import { type ControlSets, drawHeads } from '../expression/index.ts';

/** @param seed of the run; with the control's name it fixes the sets */
export function drawControl(
  { control, role, sets }: Control,
  { roles }: Pick<Claim, 'roles'>,
  model: ModelFacts,
  seed: number,
): ControlSets {
  const like = (roles[role] ?? []).filter((component) => component.includes('.h'));
  if (like.length === 0) return { sets: [], note: `the role ${role} claims no heads` };
  const never = new Set(Object.values(roles).flat());
  return drawHeads({ like, never, sets, seed: `${seed}|${control}`, model });
}
