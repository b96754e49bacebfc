import { describe, expect, it } from 'vitest';
import { type EvidenceAsked, Protocol } from '../contract/index.ts';
import { criterionProblems } from './criterion-problems.ts';
import { loadProtocol } from './index.ts';
import { protocolProblems } from './problems.ts';
import { toolProblems } from './tool-problems.ts';

describe('problems that a schema cannot see', () => {
  const change = (edit: (protocol: ReturnType<typeof structuredClone<Protocol>>) => void): string[] => {
    const protocol = structuredClone(loadProtocol('function-vector-heads'));
    edit(protocol);
    return protocolProblems(Protocol.parse(protocol));
  };
  const tool = (name: string, input: Record<string, string | { [key: string]: string }>) => ({
    name,
    tool: 't',
    input,
    serves: [],
  });
  it.each<[string, (protocol: Protocol) => void]>([
    ['the step of gate and procedure "clean" is named twice', (p) => p.procedure.push(tool('clean', {}))],
    ['the step of gate and measurements "claim" is named twice', (p) => p.measurements.push(tool('claim', {}))],
    [
      'the criterion "N1" is named twice',
      (p) => p.criteria.known_model.push({ ...(p.criteria.new_model[0] as Protocol['gate']['criterion']) }),
    ],
    [
      'procedure, step "late", refers to the step "later"',
      (p) => p.procedure.push(tool('late', { x: { $from: 'later.y' } })),
    ],
    [
      'procedure, step "early", refers to the role "function-vector"',
      (p) => p.procedure.push(tool('early', { x: { $claim: 'function-vector' } })),
    ],
    [
      'measurements, step "m", refers to the setting "depth"',
      (p) => p.measurements.push(tool('m', { x: { $setting: 'depth' } })),
    ],
    [
      'measurements, step "m", refers to the control "random-heads"',
      (p) => p.measurements.push(tool('m', { x: { $control: 'random-heads' } })),
    ],
    [
      'runs over the unknown control "other"',
      (p) => p.measurements.push({ ...tool('m', {}), over: { control: 'other' } }),
    ],
    [
      'claim_from gives no components for the role "function-vector"',
      (p) => delete p.claim_from.roles['function-vector'],
    ],
    ['claim_from gives the role "mover"', (p) => Object.assign(p.claim_from.roles, { mover: [] })],
    ['names the unknown role "mover"', (p) => Object.assign(p.controls[0] as object, { role: 'mover' })],
    [
      'criterion N1 refers to the step "gone"',
      (p) => Object.assign(p.criteria.new_model[0] as object, { value: 'gone.accuracy' }),
    ],
    ['step "s" of the procedure serves no criterion', (p) => p.procedure.push(tool('s', {}))],
    ['serves the unknown criterion "Z9"', (p) => p.procedure.push({ ...tool('s', {}), serves: ['Z9'] })],
    [
      'evidence of mechanism is asked for, and no step of the procedure gives it',
      (p) => p.evidence?.push({ ...(p.evidence[0] as EvidenceAsked), kind: 'mechanism' }),
    ],
    [
      'evidence of necessity names the unknown role "x"',
      (p) => {
        for (const giver of p.evidence?.[0]?.given_by ?? []) giver.role = 'x';
      },
    ],
    ['evidence of necessity is asked for twice', (p) => p.evidence?.push(p.evidence[0] as EvidenceAsked)],
    [
      'step "sweep" gives necessity, and sweep_heads is not among what may give it',
      (p) => Object.assign(p.procedure.find(({ name }) => name === 'sweep') as object, { gives: ['necessity'] }),
    ],
    ['only steps of the procedure can', (p) => Object.assign(p.measurements[0] as object, { gives: ['necessity'] })],
    [
      'the role "function-vector" asks for at least 9 and at most 8',
      (p) => Object.assign(p.roles[0] as object, { at_least: 9, at_most: 8 }),
    ],
    [
      'the role "function-vector" has neither source nor because',
      (p) => delete (p.roles[0] as { source?: string }).source,
    ],
    [
      'a threshold of criterion N1 has neither',
      (p) => Object.assign(p.criteria.new_model[0] as object, { threshold: { value: 1 } }),
    ],
    [
      'no criterion of the new-model set is core',
      (p) => p.criteria.new_model.map((criterion) => Object.assign(criterion, { weight: 'required' })),
    ],
    ['the gate is a flag', (p) => Object.assign(p.gate.criterion, { weight: 'flag' })],
  ])('%s', (problem, edit) => {
    expect(change(() => {})).toEqual([]);
    expect(change(edit).join('\n')).toContain(problem);
  });
});

describe('calls of tools', () => {
  const problems = (tool: string, input: Record<string, unknown>): string[] =>
    toolProblems({
      ...loadProtocol('induction-heads'),
      procedure: [{ name: 's', tool, input: input as never, serves: [] }],
    });
  const prompts = { kind: 'repeated-tokens', seed: { $run: 'seed' } };
  it.each<[string, Record<string, unknown>, string]>([
    ['measure_behavior', { prompts }, 'unknown tool "measure_behavior"; the nearest is measure_behaviour'],
    ['measure_behaviour', { prompt: prompts }, 'input "prompts" of measure_behaviour'],
    ['measure_behaviour', { prompts: { ...prompts, lenght: 3 } }, 'lenght'],
    ['measure_behaviour', { prompts: { ...prompts, seed: 'one' } }, 'input "prompts.seed" of measure_behaviour'],
    ['ablate_components', { prompts, components: { $claim: 'x' }, replace_by: 'noise' }, 'input "replace_by"'],
  ])('%s %j', (tool, input, problem) => expect(problems(tool, input).join()).toContain(problem));
  it('a value that only the run knows is not judged', () => {
    expect(problems('ablate_components', { prompts, components: { $top: { of: { $from: 'x' }, count: 3 } } })).toEqual(
      [],
    );
    expect(problems('ablate_components', { prompts: { $from: 'x' }, components: ['a0.h0', { $from: 'y' }] })).toEqual(
      [],
    );
  });
});

describe('what a protocol reads and asks', () => {
  const changed = (edit: (protocol: Protocol) => void): string => {
    const protocol = structuredClone(loadProtocol('induction-heads'));
    edit(protocol);
    return [...protocolProblems(Protocol.parse(protocol)), ...criterionProblems(Protocol.parse(protocol))].join('\n');
  };
  const criterion = (p: Protocol, index: number, change: object) =>
    Object.assign(p.criteria.new_model[index] as object, change);
  const never = 'can never fail';
  const added = { id: 'N5', says: 'x', weight: 'flag', threshold: { value: 0.5, because: 'x' } } as const;
  const same = { union_of: ['claim.induction', 'matching.heads[].component'] };
  const overlap = (a: { union_of: string[] }) =>
    ({ ...added, kind: 'overlap', a, b: same, among: 'matching.all_heads' }) as const;
  const agreement = (a: string) => ({ ...added, kind: 'rank-agreement', a, b: 'matching.heads' }) as const;
  it.each<[string, (protocol: Protocol) => void]>([
    [
      'criterion N1 reads claimed.maen: there is no "maen" in it; did you mean "mean"?',
      (p) => criterion(p, 0, { value: 'claimed.maen' }),
    ],
    [
      'criterion N2 reads without-random[].loss: there is no "loss"',
      (p) => criterion(p, 1, { null: 'without-random[].loss' }),
    ],
    [
      'criterion K1 reads matching.heads[].head',
      (p) => Object.assign(p.criteria.known_model[0] as object, { found: 'matching.heads[].head' }),
    ],
    [
      'procedure, step "matchers", reads matching.heads[].scores',
      (p) =>
        Object.assign(p.procedure[1] as object, {
          pick: {
            from: 'matching.heads',
            where: [{ field: 'scores', at_least: 0.4, because: 'x' }],
            take: 'component',
          },
        }),
    ],
    [
      'procedure, step "copying", reads matching.top',
      (p) => Object.assign(p.procedure[2] as object, { input: { components: { $from: 'matching.top' } } }),
    ],
    [
      'step "matching", refers to the step "copying"',
      (p) =>
        Object.assign(p.procedure[0] as object, {
          input: { ...(p.procedure[0] as { input: object }).input, components: { $from: 'copying.heads[].component' } },
        }),
    ],
    [
      'step "matching", refers to the step "matching"',
      (p) =>
        Object.assign(p.procedure[0] as object, {
          input: {
            ...(p.procedure[0] as { input: object }).input,
            components: { $from: 'matching.heads[].component' },
          },
        }),
    ],
    [
      'ranking of "gpt3-small", which is not among',
      (p) => Object.assign(p.criteria.known_model[0] as object, { reference: 'gpt3-small' }),
    ],
    [
      'claim_from reads matching.headz[].component: there is no "headz"',
      (p) => Object.assign(p.claim_from.roles, { induction: { $from: 'matching.headz[].component' } }),
    ],
    [
      'criterion N1 can never pass',
      (p) => criterion(p, 0, { value: 'without.accuracy_before', threshold: { value: 1.5, because: 'x' } }),
    ],
    [
      'criterion K1 can never pass',
      (p) => Object.assign(p.criteria.known_model[0] as object, { threshold: { value: 1.5, because: 'x' } }),
    ],
    [never, (p) => criterion(p, 0, { value: 'without.accuracy_before', threshold: { value: 0, because: 'x' } })],
    [
      never,
      (p) =>
        criterion(p, 0, { kind: 'at-most', value: 'without.accuracy_before', threshold: { value: 1, because: 'x' } }),
    ],
    [
      never,
      (p) =>
        criterion(p, 0, {
          kind: 'gain',
          value: 'claimed.mean',
          over: 'claimed.mean',
          threshold: { value: 0, because: 'x' },
        }),
    ],
    [
      never,
      (p) =>
        criterion(p, 0, {
          kind: 'gain',
          value: 'without.accuracy_after',
          over: { best_of: 'without-random[].accuracy_after' },
          threshold: { value: -1, because: 'x' },
        }),
    ],
    [never, (p) => Object.assign(p.criteria.known_model[0] as object, { threshold: { value: 0, because: 'x' } })],
    [
      'criterion N5 refers to the step "gone"',
      (p) => p.criteria.new_model.push(overlap({ union_of: ['matching.heads[].component', 'gone'] })),
    ],
    [
      'criterion N5 reads matching.heads[].head',
      (p) => p.criteria.new_model.push(overlap({ union_of: ['matching.heads[].head', 'claim.induction'] })),
    ],
    [never, (p) => p.criteria.new_model.push(overlap({ union_of: ['claim.induction', 'matching.heads[].component'] }))],
    [never, (p) => p.criteria.new_model.push(agreement('matching.heads'))],
  ])('%s', (problem, edit) => {
    expect(changed(() => {})).toBe('');
    expect(changed(edit)).toContain(problem);
  });
  it.each<[string, (protocol: Protocol) => void]>([
    ["a unit, which is its tool's to say", (p) => Object.assign(p.gate.criterion, { unit: 'furlongs' })],
    ['the other half of the prompts', (p) => Object.assign(p, { split: 'held-out' })],
  ])('a finding cannot name %s', (_, edit) => {
    const protocol = structuredClone(loadProtocol('induction-heads'));
    edit(protocol);
    expect(Protocol.safeParse(protocol).error?.issues[0]).toMatchObject({ code: 'unrecognized_keys' });
  });
});
