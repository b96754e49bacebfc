/** How much two lists of components share: overlap asks for much, apart for little. Chance is the hypergeometric null. */
import type { Listed } from '../../src/contract/index.ts';
import { type Checker, components, type Evidence, type Finding, quantity, reaches, Unmeasured } from './evidence.ts';
import { chanceOfSharing } from './hypergeometric.ts';

export const overlap: Checker<'overlap'> = {
  threshold: ({ threshold, of }) => `sharing at least ${threshold.value} of the ${of ?? 'smaller'} list`,
  find: (criterion, evidence) => {
    const found = sharing(criterion, evidence, criterion.of);
    return { ...found, pass: reaches(found.measured, criterion.threshold.value) };
  },
};

export const apart: Checker<'apart'> = {
  threshold: ({ threshold }) => `sharing at most ${threshold.value} of the smaller list`,
  find: (criterion, evidence) => {
    const found = sharing(criterion, evidence);
    return { ...found, pass: reaches(criterion.threshold.value, found.measured) };
  },
};

function sharing(
  { a, b, among }: { a: Listed; b: Listed; among: string },
  evidence: Evidence,
  of?: 'first',
): Omit<Finding, 'pass'> {
  const [first, second] = [components(a, evidence), components(b, evidence)];
  const all = quantity(among, evidence);
  const union = new Set([...first, ...second]).size;
  if (!Number.isInteger(all) || all < union)
    throw new Unmeasured(`${among} is ${all}, but the two lists name ${union} components`);
  const shared = first.filter((component) => second.includes(component)).length;
  const whole = of === 'first' ? first.length : Math.min(first.length, second.length);
  return {
    measured: shared / whole,
    parts: {
      shared,
      a: first.length,
      b: second.length,
      among: all,
      share_by_chance: Math.max(first.length, second.length) / all,
      p_of_sharing_as_much: chanceOfSharing(shared, first.length, second.length, all),
    },
  };
}
