/** The grid: evidence of runs and published figures, pooled into cells. It starts no run and draws nothing. */
import type { PooledCell, PublishedCell } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import { pool } from './pool.ts';
import { present } from './present.ts';
import { publishedCells } from './published.ts';
import { sourcedRuns } from './sources.ts';

export { readFigures } from './figures.ts';
export { remembered, type Scored } from './memory.ts';
export { type Lacking, type Missing, missingIn } from './missing.ts';
export { rankingFor } from './rankings.ts';
export { type Conflict, gridOfBundle, importGrid, publishGrid } from './share.ts';
export { wilson } from './statistics.ts';

export interface Grid {
  readonly cells: readonly PooledCell[];
  readonly published: readonly PublishedCell[];
}

/** Returns the grid of a record; null: nothing has run yet. */
export function gridOf(record: RunRecord | null): Grid {
  const published = publishedCells(record?.published() ?? []);
  return { cells: pool(record === null ? [] : sourcedRuns(record), published, present()), published };
}
