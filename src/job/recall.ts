/** Answers the tool `recall_memory` from the grid of the record. What it may tell is decided there. */
import type { JsonObject } from '../contract/index.ts';
import { remembered, type Scored } from '../grid/index.ts';
import type { RunRecord } from '../store/index.ts';

export function recall(record: RunRecord, scored: Scored, input: JsonObject): JsonObject {
  return {
    cells: remembered(record, scored)
      .slice(0, Number(input['limit']))
      .map((cell) => ({ ...cell })),
  };
}
