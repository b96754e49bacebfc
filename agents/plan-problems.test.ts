import { describe, expect, it } from 'vitest';
import { view } from './fixtures/view.ts';
import { planProblems } from './plan-problems.ts';

const item = { name: 'first', tool: 'rank_heads', serves: ['N1'] };
const problems = (...items: (typeof item)[]) => planProblems({ intent: 'i', items }, view());

describe('a plan', () => {
  it('may be sealed where every experiment serves a criterion of the finding', () => {
    expect(problems(item, { ...item, name: 'second' })).toEqual([]);
  });

  it.each([
    ['no criterion', { ...item, serves: [] }, 'item first serves no criterion; name one of N1'],
    ['a criterion that the finding has not', { ...item, serves: ['N1', 'N9'] }, 'serves N9, which is no criterion'],
    ['a tool that does not exist', { ...item, tool: 'run_python' }, 'names the tool run_python; there are'],
  ])('is sent back for %s', (_, wrong, says) => {
    expect(problems(wrong).join()).toContain(says);
  });

  it('is sent back where two items have one name', () => {
    expect(problems(item, item)).toEqual(['two items are named first']);
  });
});
