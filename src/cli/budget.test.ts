import { expect, it } from 'vitest';
import { budgetOf } from './budget.ts';

it('reads what a person writes', () => {
  expect(budgetOf('wall=30m,calls=40, tokens=200k,usd=0.50,device=1.5h')).toEqual({
    wall_s: 1800,
    calls: 40,
    tokens: 200_000,
    usd: 0.5,
    device_s: 5400,
  });
});

it.each([
  ['wall', '`wall` cannot be read: a budget is written as'],
  ['time=30m', '`time=30m` cannot be read'],
  ['wall=30', '`wall=30` cannot be read: wall is written as 90s, 30m, 2h or 1d'],
  ['wall=-3m', 'cannot be read'],
  ['calls=2.5', 'calls is written as 40'],
  ['calls=0', 'calls is written as 40'],
  ['calls=201', 'at most 200'],
  ['tokens=2G', 'tokens is written as'],
  ['usd=1e3', 'cannot be read'],
  ['wall=1m,wall=2m', 'wall is named twice'],
  ['', 'cannot be read'],
  ['constructor=1', 'cannot be read'],
])('refuses %j with what to write instead', (text, says) => {
  expect(() => budgetOf(text)).toThrow(says);
});
