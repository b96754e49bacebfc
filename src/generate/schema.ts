/** The contract as one JSON Schema document: every schema with an id, in the output flavour (defaults filled in). */
import * as z from 'zod';
import { tools } from '../../tools/index.ts';
import * as contract from '../contract/index.ts';
import { sha256 } from '../contract/index.ts';

export interface JsonSchema {
  readonly [key: string]: unknown;
}

/** What a worker must be able to read or write: everything that is named and reachable from the wire and the tools. */
const roots: readonly z.ZodType[] = [
  contract.Hello,
  contract.OpenRequest,
  contract.OpenResult,
  contract.Progress,
  contract.Manifest,
  contract.BuildRequest,
  contract.OrganismCard,
  contract.CurriculumRequest,
  contract.CurriculumCard,
  contract.PlantedRequest,
  contract.PlantedCard,
  contract.PermuteRequest,
  contract.PermuteResult,
  ...tools.filter((tool) => tool.runs === 'worker').flatMap((tool) => [tool.input, tool.output]),
];

/** Returns `$defs` by id, ordered by id, each closed (`additionalProperties: false`). */
export function contractSchema(): JsonSchema {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `#/$defs/${id}`, io: 'output' });
  const wanted = new Set<string>();
  const visit = (id: string): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    for (const [, ref] of JSON.stringify(schemas[id]).matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)) visit(ref as string);
  };
  for (const root of roots) {
    const id = z.globalRegistry.get(root)?.id;
    if (!id) throw new Error('a schema of the wire has no id: give it .meta({ id })');
    visit(id);
  }
  const defs = Object.fromEntries(
    [...wanted].sort().map((id) => {
      const { $schema: _s, $id: _i, id: _id, ...rest } = schemas[id] as JsonSchema;
      return [id, rest];
    }),
  );
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $defs: defs };
}

export function renderSchema(): string {
  return `${JSON.stringify(contractSchema(), null, 1)}\n`;
}

/** The contract's hash, which orchestrator and worker must share. */
export function contractHash(): string {
  return sha256(renderSchema());
}
