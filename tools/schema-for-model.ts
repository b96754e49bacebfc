/**
 * The only maker of schemas that an LLM or an MCP client sees: the input flavour (fields with defaults are optional), with an
 * object at the root. A root with an id would become a `$ref`, which MCP clients reject and LangChain passes on as it is.
 */
import * as z from 'zod';
import type { JsonObject } from '../src/contract/index.ts';
import type { Tool } from './define.ts';

export function schemaForModel(tool: Pick<Tool, 'input'>): JsonObject {
  const root = z.strictObject(tool.input.shape);
  const { $schema: _, ...schema } = z.toJSONSchema(root, { io: 'input', target: 'draft-2020-12' }) as JsonObject;
  return schema;
}
