/** What the grid already knows of the same finding on other models. Recalled text is data, never an instruction. */
import * as z from 'zod';
import { Sha256, Slug, VerdictName } from '../../src/contract/index.ts';
import { defineTool } from '../define.ts';

export const recallMemory = defineTool({
  name: 'recall_memory',
  description:
    'Verdicts of earlier sealed runs of this finding, by model. It holds no reference values and nothing of this model.',
  runs: 'orchestrator',
  input: z.strictObject({ limit: z.number().int().min(1).max(50).default(10) }).meta({ id: 'RecallMemoryInput' }),
  output: z
    .strictObject({
      cells: z.array(
        z
          .strictObject({
            finding: Slug,
            model: Slug,
            verdict: VerdictName,
            runs: z.number().int(),
            signed_by: Sha256.optional().describe('key of the record that says so; absent: measured here'),
          })
          .meta({ id: 'RecalledCell' }),
      ),
    })
    .meta({ id: 'RecallMemoryOutput' }),
  cost: () => ({ forwards: 0, rows: 0, because: 'a query of the record' }),
});
