/** Whether the calls that a protocol writes down are calls that the tools accept, as far as can be told before a run. */

import { findTool, tools } from '../../tools/index.ts';
import type { Json, Protocol } from '../contract/index.ts';
import { nearest } from './names.ts';

/** Returns one clause for each unknown tool and for the first wrong place of each input; values known only in the run pass. */
export function toolProblems({ gate, procedure, measurements, evidence = [] }: Protocol): string[] {
  return [
    ...[...gate.measure, ...procedure, ...measurements].flatMap((item) => ('tool' in item ? callProblems(item) : [])),
    ...evidence.flatMap(({ kind, given_by }) =>
      given_by.flatMap(({ tool, where }) => giverProblems(`the evidence of ${kind}`, tool, where)),
    ),
  ];
}

/** A misspelt field or value would make evidence that nobody can give. */
function giverProblems(what: string, tool: string, where: Record<string, Json>): string[] {
  const known = findTool(tool);
  if (!known) return [`${what} names the unknown tool "${tool}"`];
  return Object.entries(where).flatMap(([field, value]) =>
    known.input.shape[field]?.safeParse(value).success
      ? []
      : [`${what} asks for a ${field} of ${tool} that it cannot have`],
  );
}

function callProblems({ name, tool, input }: { name: string; tool: string; input: Json }): string[] {
  const known = findTool(tool);
  if (!known) {
    const names = tools.map((candidate) => candidate.name);
    return [
      `step "${name}" calls the unknown tool "${tool}"; the nearest is ${nearest(tool, names) ?? names.join(', ')}`,
    ];
  }
  const result = known.input.safeParse(input);
  const issue = result.error?.issues.find(({ path }) => !isExpression(input, path));
  if (issue === undefined) return [];
  const place = issue.path.length === 0 ? 'input' : `input "${issue.path.join('.')}"`;
  return [`step "${name}", ${place} of ${tool}: ${issue.message}`];
}

/** Whether an operator stands at `path` or above it: then the value is not known yet. */
function isExpression(input: Json, path: readonly PropertyKey[]): boolean {
  let node: unknown = input;
  for (const key of [...path, undefined]) {
    if (typeof node !== 'object' || node === null) return false;
    if (Object.keys(node).some((field) => field.startsWith('$'))) return true;
    if (key !== undefined) node = (node as Record<PropertyKey, unknown>)[key];
  }
  return false;
}
