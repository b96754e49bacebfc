/** Two numbers of the same unit against each other: gain (difference) and ratio. */
import { type Checker, quantity, reaches, Unmeasured } from './evidence.ts';

export const gain: Checker<'gain'> = {
  threshold: ({ threshold }) => `a gain of at least ${threshold.value}`,
  find: (criterion, evidence) => {
    const [value, over] = [quantity(criterion.value, evidence), quantity(criterion.over, evidence)];
    return { measured: value - over, pass: reaches(value - over, criterion.threshold.value), parts: { value, over } };
  },
};

/** To the size of the base, whichever its sign: a change must be so many times as large as what the base does either way. */
export const ratio: Checker<'ratio'> = {
  threshold: ({ threshold }) => `at least ${threshold.value} times as much`,
  find: (criterion, evidence) => {
    const [value, over] = [quantity(criterion.value, evidence), quantity(criterion.over, evidence)];
    if (over === 0) throw new Unmeasured('a ratio to 0 has no meaning');
    const measured = value / Math.abs(over);
    return { measured, pass: reaches(measured, criterion.threshold.value), parts: { value, over } };
  },
};
