/** The grid of a record: its cells, and what was published. */
import type { PooledCell, PublishedCell } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import { pool } from './pool.ts';
import { present } from './present.ts';
import { publishedCells } from './published.ts';
import { sourcedRuns } from './sources.ts';

export interface Grid {
  readonly cells: readonly PooledCell[];
  readonly published: readonly PublishedCell[];
}

/** Returns the grid of a record; null: nothing has run yet. */
export function gridOf(record: RunRecord | null): Grid {
  const published = publishedCells(record?.published() ?? []);
  return { cells: pool(record === null ? [] : sourcedRuns(record), published, present()), published };
}
