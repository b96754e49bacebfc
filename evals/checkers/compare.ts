/** Numbers against fixed thresholds: at-least, at-most, between. The boundary itself passes. */
import { type Checker, quantity, reaches } from './evidence.ts';

export const atLeast: Checker<'at-least'> = {
  threshold: ({ threshold }) => `at least ${threshold.value}`,
  find: ({ value, threshold }, evidence) => {
    const measured = quantity(value, evidence);
    return { measured, pass: reaches(measured, threshold.value) };
  },
};

export const atMost: Checker<'at-most'> = {
  threshold: ({ threshold }) => `at most ${threshold.value}`,
  find: ({ value, threshold }, evidence) => {
    const measured = quantity(value, evidence);
    return { measured, pass: reaches(threshold.value, measured) };
  },
};

export const between: Checker<'between'> = {
  threshold: ({ low, high }) => `between ${low.value} and ${high.value}`,
  find: ({ value, low, high }, evidence) => {
    const measured = quantity(value, evidence);
    return { measured, pass: reaches(measured, low.value) && reaches(high.value, measured) };
  },
};
