/** What is wrong with a claim on its face. Whether it is true is not asked here. */
import type { Claim, ModelFacts } from '../src/contract/index.ts';
import { evidenceProblems } from './evidence-problems.ts';
import type { AgentView, Observation } from './ports.ts';

/** Returns one sentence per problem; empty when the claim may be sealed. */
export function claimProblems(
  claim: Claim,
  seen: Pick<Observation, 'protocol' | 'facts' | 'results' | 'refusals'>,
): string[] {
  const { protocol: view, facts } = seen;
  const names = view.roles.map(({ role }) => role);
  return [
    ...Object.keys(claim.roles)
      .filter((role) => !names.includes(role))
      .map((role) => `role ${role} is not one of ${names.join(', ')}`),
    ...view.roles.flatMap((role) => roleProblems(role, claim.roles[role.role] ?? [], facts)),
    ...Object.keys(view.claim_from.settings)
      .filter((name) => claim.settings[name] === undefined)
      .map((name) => `setting ${name} is missing`),
    ...evidenceProblems(claim, seen),
  ];
}

function roleProblems(role: AgentView['roles'][number], components: readonly string[], facts: ModelFacts): string[] {
  const { at_least, at_most } = role;
  const problems = components
    .flatMap((component) => componentProblem(component, role.kind, facts) ?? [])
    .map((what) => `role ${role.role}: ${what}`);
  if (components.length < at_least || components.length > at_most) {
    problems.push(`role ${role.role} has ${components.length} components, and ${at_least} to ${at_most} are asked for`);
  }
  if (new Set(components).size < components.length) problems.push(`role ${role.role} names a component twice`);
  return problems;
}

function componentProblem(component: string, kind: 'head' | 'mlp', facts: ModelFacts): string | null {
  const [, layer, head] = /^[am](\d+)(?:\.h(\d+))?$/.exec(component) ?? [];
  if ((head === undefined ? 'mlp' : 'head') !== kind) return `${component} is not a ${kind}`;
  if (Number(layer) >= facts.layers || Number(head ?? 0) >= facts.heads) {
    return `${component} does not exist: the model has ${facts.layers} layers of ${facts.heads} heads, counted from 0`;
  }
  return null;
}
