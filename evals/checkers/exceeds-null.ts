/** A number against what the controls gave on the same model: it must lie above every one of them. A tie is no excess. */
import { type Checker, exceeds, numbers, quantity, reaches } from './evidence.ts';

export const exceedsNull: Checker<'exceeds-null'> = {
  threshold: ({ threshold }) =>
    threshold.value === 0 ? 'above every control' : `above every control by at least ${threshold.value}`,
  find: (criterion, evidence) => {
    const value = quantity(criterion.value, evidence);
    const null_values = numbers(criterion.null, evidence);
    const highest = Math.max(...null_values);
    const as_high = null_values.filter((control) => !exceeds(value, control)).length;
    return {
      measured: value - highest,
      pass: exceeds(value, highest) && reaches(value - highest, criterion.threshold.value),
      null_values,
      // Exact one-sided p of a permutation test: the value counts as one more draw.
      parts: {
        value,
        highest_null: highest,
        controls: null_values.length,
        p: (1 + as_high) / (1 + null_values.length),
      },
    };
  },
};
