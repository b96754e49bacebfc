/** What can be done with a recorded run afterwards: decide it again, measure it again, hold it against another. */
export type { Change } from './changes.ts';
export type { Comparison, Interval } from './classify.ts';
export { type DiffRow, diffRuns } from './diff.ts';
export type { Difference } from './recorded.ts';
export { type Remeasured, remeasure } from './remeasure.ts';
export { type Replayed, replay } from './replay.ts';
