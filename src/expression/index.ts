/** How the data of a protocol becomes values: expressions, picked rows, and measurements in order. */
export { type ControlSets, drawHeads } from './draw.ts';
export { evaluate, operatorNames, read, type Scope } from './evaluate.ts';
export { type MeasureCall, type Measured, type MeasureOutcome, measure, wants, wantsOfPick } from './measure.ts';
export { pick } from './pick.ts';
export { randomFrom, sample } from './random.ts';
