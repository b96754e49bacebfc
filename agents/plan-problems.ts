/** What is wrong with a plan on its face: it names tools that exist and, for each experiment, criteria that the finding has. */
import type { Plan } from '../src/contract/index.ts';
import { findTool, tools } from '../tools/index.ts';
import type { AgentView } from './ports.ts';

/** Returns one sentence per problem; empty when the plan may be sealed. */
export function planProblems({ items }: Plan, { criteria }: AgentView): string[] {
  const names = items.map(({ name }) => name);
  return [
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `two items are named ${name}`),
    ...items.flatMap(({ name, tool, serves }) => [
      ...(findTool(tool)
        ? []
        : [`item ${name} names the tool ${tool}; there are ${tools.map((one) => one.name).join(', ')}`]),
      ...servesProblems(`item ${name}`, serves, criteria),
      ...(serves.length === 0 ? [`item ${name} serves no criterion; name one of ${idsOf(criteria)}`] : []),
    ]),
  ];
}

/** Returns what is wrong with the criteria that an item or a call says to serve. */
export function servesProblems(what: string, serves: readonly string[], criteria: AgentView['criteria']): string[] {
  return serves
    .filter((id) => !criteria.some((criterion) => criterion.id === id))
    .map((id) => `${what} serves ${id}, which is no criterion; there are ${idsOf(criteria)}`);
}

const idsOf = (criteria: AgentView['criteria']): string => criteria.map(({ id }) => id).join(', ');
