/** Every generated file: path and what it must contain. The writer and the drift test share this table. */
import * as z from 'zod';
import { BehaviourFile, ModelCard, Protocol } from '../contract/index.ts';
import { renderPython } from './python.ts';
import { readmeWithGrid } from './readme.ts';
import { contractSchema, renderSchema } from './schema.ts';

const editor = (schema: z.ZodType): string =>
  `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 1)}\n`;

export const outputs: ReadonlyArray<{ path: string; render: () => string }> = [
  { path: 'tools/worker/recircuit_worker/contract.schema.json', render: renderSchema },
  { path: 'tools/worker/recircuit_worker/contract.py', render: () => renderPython(contractSchema()) },
  { path: 'src/contract/generated/protocol.schema.json', render: () => editor(Protocol) },
  { path: 'src/contract/generated/behaviour.schema.json', render: () => editor(BehaviourFile) },
  { path: 'src/contract/generated/model.schema.json', render: () => editor(ModelCard) },
  { path: 'README.md', render: readmeWithGrid },
];
