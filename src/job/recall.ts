/** What the grid already knows of a finding, as an agent may hear it: verdicts of other models, never numbers or components. */
import type { JsonObject } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';

export function recall(record: RunRecord, finding: string, model: string, input: JsonObject): JsonObject {
  const cells = record
    .cells()
    .filter((cell) => cell.verdict !== null && cell.finding === finding && cell.model !== model)
    .slice(0, Number(input['limit']))
    .map((cell) => ({ finding: cell.finding, model: cell.model, verdict: cell.verdict, runs: cell.runs }));
  return { cells };
}
