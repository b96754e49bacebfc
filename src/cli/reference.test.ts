import { describe, expect, it } from 'vitest';
import type { Protocol, Run, Step } from '../contract/index.ts';
import { loadProtocol } from '../protocol/index.ts';
import { referenceOf, type SealedRun } from './reference.ts';

/** A sealed run, as far as a reference is made of it. @param further what else was recorded, a claim or a verdict */
function sealed(
  seed: number,
  call: string,
  output: unknown,
  verdict = 'reproduced',
  further: readonly object[] = [],
): SealedRun {
  const bodies = [
    { kind: 'model-facts', facts: { weights_sha256: 'w' } },
    { kind: 'tool-result', call, output },
    ...further,
  ];
  return {
    run: { run: `run-${seed}`, seed, verdict } as Run,
    steps: bodies.map((body) => ({ body })) as unknown as Step[],
  };
}

const head = (component: string, recovery: number) => ({ component, effect: -7 * recovery, recovery });
const swept = (...heads: readonly object[]) => ({ contrasts: [{ task: 'greater-than', counterpart: 'x', heads }] });

describe('a reference', () => {
  const protocol: Protocol = loadProtocol('greater-than');

  it('ranks components that every run ranked by their mean, wherever the ranking lies in a result', () => {
    const runs = [
      sealed(0, 'verify/sweep', swept(head('a1.h0', 0.25), head('a2.h3', 0.5), head('a0.h0', 0.9))),
      sealed(1, 'verify/sweep', swept(head('a1.h0', 0.75), head('a2.h3', 0.125))),
    ];
    expect(referenceOf(protocol, runs).ranking).toEqual([
      { component: 'a1.h0', effect: 0.5 },
      { component: 'a2.h3', effect: 0.3125 },
    ]);
  });

  it('ranks by size what has two signs, and keeps the signs', () => {
    const sent = (component: string, effect: number) => ({ component, effect, strength: Math.abs(effect) });
    const run = sealed(0, 'verify/sweep', swept(sent('a0.h0', 0.5), sent('a1.h0', -0.75), sent('a2.h0', 0.25)));
    expect(referenceOf(protocol, [run]).ranking).toEqual([
      { component: 'a1.h0', effect: -0.75 },
      { component: 'a0.h0', effect: 0.5 },
      { component: 'a2.h0', effect: 0.25 },
    ]);
  });

  it('names for each role the heads that more than half of the runs claimed, and what each criterion measured', () => {
    const claims = [
      ['a1.h0', 'a2.h3', 'a0.h1'],
      ['a2.h3', 'a1.h0'],
      ['a2.h3', 'a0.h1'],
      ['a2.h3', 'a3.h3'],
    ];
    const runs = claims.map((heads, seed) =>
      sealed(seed, 'verify/sweep', swept(head('a1.h0', 0.5)), 'reproduced', [
        { kind: 'claim', claim: { roles: { 'year-reader': heads } } },
        { kind: 'verdict', verdict: { criteria: [{ id: 'N1', measured: seed === 1 ? null : seed }] } },
      ]),
    );
    // Two of four runs are no majority, two of three are.
    expect(referenceOf(protocol, runs).roles).toEqual({ 'year-reader': ['a2.h3'] });
    const three = referenceOf(protocol, runs.slice(0, 3));
    expect(three.roles).toEqual({ 'year-reader': ['a2.h3', 'a0.h1', 'a1.h0'] });
    expect(three.values).toEqual({ N1: [0, null, 2] });
  });

  it.each([
    ['another measurement', 'verify/generic', swept(head('a1.h0', 0.5))],
    ['a list of nothing', 'verify/sweep', { contrasts: [{ heads: [{ score: 1 }] }] }],
    ['a list without effects', 'verify/sweep', swept({ component: 'a1.h0', recovery: 0.5 }, { component: 'a2.h3' })],
    ['no list', 'verify/sweep', { heads: [head('a1.h0', 0.5)] }],
  ])('is refused where a run has %s instead of the ranking', (_, call, output) => {
    expect(() => referenceOf(protocol, [sealed(0, call, output)])).toThrow('no ranking "sweep.contrasts[].heads[]"');
  });

  it('is refused where the finding did not hold', () => {
    const run = sealed(4, 'verify/sweep', swept(head('a1.h0', 0.5)), 'not-reproduced');
    expect(() => referenceOf(protocol, [run])).toThrow('its run run-4 (seed 4) ended not-reproduced');
  });
});
