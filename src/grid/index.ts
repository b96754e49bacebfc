/** The grid: evidence of runs and published figures, pooled into cells. It starts no run and draws nothing. */

export { type Beside, beside, type Circuit, circuitOf, type Shared } from './circuits.ts';
export { readFigures } from './figures.ts';
export { type Grid, gridOf } from './grid.ts';
export { remembered, type Scored } from './memory.ts';
export { type Lacking, type Missing, missingIn } from './missing.ts';
export { rankingFor } from './rankings.ts';
export { type Conflict, gridOfBundle, importGrid, publishGrid } from './share.ts';
export { wilson } from './statistics.ts';
