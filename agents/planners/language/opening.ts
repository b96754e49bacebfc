/** The first message: the finding, the model and what the gate found, in the words of the prompt `task.md`. */
import * as z from 'zod';
import { canonicalJson, Fault, type JsonObject, ModelFacts } from '../../../src/contract/index.ts';
import type { AgentView, Observation } from '../../ports.ts';
import { planText } from '../../reviewer/told.ts';
import { data } from '../../show/data.ts';
import { showRefusal, showResult } from '../../show/result.ts';

/** The files of agents/prompts by name, without `.md`. */
export const Prompts = z.strictObject({
  role: z.string(),
  craft: z.string(),
  work: z.string(),
  task: z.string(),
  review: z.string(),
  reviewed: z.string(),
});
export type Prompts = z.infer<typeof Prompts>;

/** Who the model is, what the craft asks of it, how its tools work. The same for every run. */
export function systemOf({ role, craft, work }: Prompts): string {
  return [role, craft, work].map((text) => text.trim()).join('\n\n');
}

export function opening({ task }: Prompts, observation: Observation): JsonObject[] {
  const { protocol, facts, seed, plan, results, refusals, remaining } = observation;
  const shown = Object.entries(results).map(([name, result]) => showResult(name, result));
  const values: Record<string, string> = {
    finding: data('finding', findingText(protocol)),
    model: data('model', factsText(facts)),
    gate: [...shown, ...refusals.map(showRefusal)].join('\n'),
    seed: String(seed),
    remaining: String(remaining),
    next:
      plan === null
        ? 'Hand in your plan with the tool `plan`.'
        : `The plan is sealed already:\n\n${data('plan', planText(plan))}\n\nGo on from the results above.`,
  };
  return [{ type: 'text', text: filled('task', task, values) }];
}

/** Puts values in the places of `{{name}}`. @throws Fault for a name without a value: a prompt never shows its own seams */
export function filled(name: keyof Prompts, template: string, values: Readonly<Record<string, string>>): string {
  return template.trim().replaceAll(/\{\{(\w+)\}\}/g, (_, place: string) => {
    const value = values[place];
    if (value !== undefined) return value;
    throw new Fault({
      code: 'bad-prompt',
      what: `agents/prompts/${name}.md`,
      why: `it asks for {{${place}}}`,
      instead: `use ${Object.keys(values).join(', ')}`,
    });
  });
}

/** In canonical JSON, since a protocol that comes back from the record has its keys in another order than its file. */
export function findingText(view: AgentView): string {
  const { finding, claim, source, roles, behaviour, gate, procedure, claim_from, evidence, criteria } = view;
  return [
    `finding: ${finding}`,
    `claim: ${claim}`,
    `source: ${source.title}, arXiv ${source.arxiv}, ${source.section}`,
    ...roles.map(
      ({ role, kind, about, at_least, at_most }) =>
        `role ${role}: ${at_least} to ${at_most} components of kind ${kind}; ${about}`,
    ),
    `behaviour: ${behaviour.name} (${behaviour.kind})${behaviour.tasks.length > 0 ? `, tasks ${behaviour.tasks.join(', ')}` : ''}`,
    `gate ${gate.criterion.id}: ${gate.criterion.says}`,
    ...criteria.map(({ id, says }) => `criterion ${id}: ${says}`),
    ...(evidence ?? []).map(
      ({ kind, says, given_by }) =>
        `evidence asked for, ${kind}: ${says}; given by one of ${given_by.map((giver) => canonicalJson(giver)).join(' ')}`,
    ),
    'published procedure, one step a line:',
    ...gate.measure.filter((item) => 'pick' in item).map((item) => canonicalJson(item)),
    ...procedure.map((item) => canonicalJson(item)),
    `the published claim is made from: ${canonicalJson(claim_from)}`,
  ].join('\n');
}

/** In the order of the schema: facts that come back from the record have another. */
export function factsText(facts: ModelFacts): string {
  const { self_test: _, ...rest } = ModelFacts.parse(facts);
  return Object.entries(rest)
    .map(([name, value]) => `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join('\n');
}
