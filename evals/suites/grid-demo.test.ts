/** What the demonstration of the grid would call wrong; the runs themselves take minutes and are its own. */
import { describe, expect, it } from 'vitest';
import type { CriterionResult, VerdictName } from '../../src/contract/index.ts';
import { loadProtocols } from '../../src/protocol/index.ts';
import { cellProblems, type DemoCell, organismsOf, told } from './grid-demo.ts';

const parts = told();
const core = (status: CriterionResult['status']): CriterionResult => ({
  id: 'N1',
  says: 's',
  weight: 'core',
  status,
  measured: status === 'unmeasured' ? null : 1,
  threshold: 't',
  reason: 'r',
  null_values: [],
  parts: {},
  note: '',
});
const cell = (finding: string, model: string, verdict: VerdictName, criteria = [core('pass')]): DemoCell => ({
  finding,
  model,
  verdict: { verdict, because: 'b', gate: null, criteria },
  claimed: true,
  seconds: 1,
});
const asked = parts.targets.flatMap(({ organism, cells }) =>
  Object.entries(cells).map(([finding, verdict]) => cell(finding, organism, verdict)),
);

describe('the demonstration of the grid', () => {
  it('gives every organism a part, and names findings that there are', () => {
    expect(organismsOf(parts).length).toBeGreaterThanOrEqual(5);
    expect(() => organismsOf({ ...parts, targets: parts.targets.slice(1) })).toThrow('differ in');
    const findings = [...loadProtocols().keys()];
    for (const { finding } of asked) expect(findings).toContain(finding);
  });
  const [first] = asked as [DemoCell];
  const control = parts.controls[0]?.organism as string;
  const replaced = (change: Partial<DemoCell>) => [{ ...first, ...change }, ...asked.slice(1)];
  it.each<[string, DemoCell[]]>([
    ['is reproduced on the control', [...asked, cell(first.finding, control, 'reproduced')]],
    ['has no verdict', [...asked, { ...cell(first.finding, control, 'partial'), verdict: null }]],
    ['is not measured, and should be', asked.slice(1)],
    ['is behaviour-absent, and should be', [cell(first.finding, first.model, 'behaviour-absent'), ...asked.slice(1)]],
    ['not every core criterion was measured', replaced({ claimed: false })],
    [
      'not every core criterion was measured',
      [
        {
          ...cell(first.finding, first.model, first.verdict?.verdict as VerdictName, [
            core('pass'),
            core('unmeasured'),
          ]),
        },
        ...asked.slice(1),
      ],
    ],
  ])('finds that a cell %s', (problem, cells) => {
    expect(cellProblems(parts, asked)).toEqual([]);
    expect(cellProblems(parts, cells).join('; ')).toContain(problem);
  });
});
