import { describe, expect, it } from 'vitest';
import { type Json, Protocol } from '../contract/index.ts';
import { loadProtocol } from './index.ts';
import { namedProblems } from './named-problems.ts';

describe('what a protocol names outside of itself', () => {
  const changed = (edit: (protocol: Protocol) => void): string => {
    const protocol = structuredClone(loadProtocol('indirect-object-identification'));
    edit(protocol);
    return namedProblems(Protocol.parse(protocol)).join('\n');
  };
  const prompts = (protocol: Protocol, change: Record<string, Json>): void => {
    const [first] = protocol.gate.measure as unknown as [{ input: { prompts: object } }];
    Object.assign(first.input.prompts, change);
  };
  const step = ({ procedure }: Protocol, name: string): { input: Record<string, Json> } =>
    procedure.find((item) => item.name === name) as never;
  it.each<[string, (protocol: Protocol) => void]>([
    [
      'names the unknown behaviour "indirect-objects"; the nearest is indirect-object',
      (p) => Object.assign(p, { behaviour: 'indirect-objects' }),
    ],
    [
      'names the unknown reference model "planted-gpt3"; the nearest is planted-gpt2',
      (p) => Object.assign(p, { reference_model: 'planted-gpt3' }),
    ],
    ['names the unknown task of indirect-object "abbb"', (p) => prompts(p, { tasks: ['abbb'] })],
    [
      'names the unknown variant of indirect-object "cleen"; the nearest is clean',
      (p) => prompts(p, { variant: 'cleen' }),
    ],
    [
      'step "looking" names the unknown position of indirect-object "IOO"; the nearest is IO',
      (p) => Object.assign(step(p, 'looking').input, { keys: ['IOO'] }),
    ],
    ['names the unknown operator "$runn"; the nearest is $run', (p) => prompts(p, { seed: { $runn: 'seed' } })],
    [
      'criterion N1 names the unknown model "planted-gpt3"',
      (p) => Object.assign(p.criteria.new_model[0] as object, { models: ['planted-gpt3'] }),
    ],
    ['writes $run beside plus, and it must stand alone', (p) => prompts(p, { seed: { $run: 'seed', plus: 1 } })],
    ['claim_from names the unknown operator "$form"', (p) => Object.assign(p.claim_from.roles, { x: { $form: 'y' } })],
  ])('%s', (problem, edit) => {
    expect(changed(() => {})).toBe('');
    expect(changed(edit)).toContain(problem);
  });
});
