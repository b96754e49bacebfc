/** What the fields of a tool's result mean, with their units: the words that stand in its output schema. */
import * as z from 'zod';
import type { Tool } from '../../tools/index.ts';

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Returns the description of each field by its path, fields of rows as `heads.effect`. */
export function legendOf(tool: Pick<Tool, 'output'>): ReadonlyMap<string, string> {
  const root = z.toJSONSchema(tool.output, { io: 'output' }) as Schema;
  const found = new Map<string, string>();
  const visit = (schema: Schema, path: string): void => {
    const { properties, items } = resolved(schema, root);
    if (items !== undefined) visit(items, path);
    for (const [name, field] of Object.entries(properties ?? {})) {
      const at = path === '' ? name : `${path}.${name}`;
      const says = field.description ?? resolved(field, root).description;
      if (says !== undefined && name !== 'receipt') found.set(at, says);
      if (name !== 'receipt' && !isArtifact(field)) visit(field, at);
    }
  };
  visit(root, '');
  return found;
}

const isArtifact = ({ $ref }: Schema): boolean => $ref === '#/$defs/ArtifactRef';

function resolved(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.replace('#/$defs/', '');
  return name === undefined ? schema : (root.$defs?.[name] ?? {});
}
