/** Runs jobs: one finding, one model, one seed, from the protocol to the sealed verdict. */
export { type ControlSets, drawControl } from './controls.ts';
export type { JobEvent, JobOptions, NewJob, ReplaceClaim, ResumedJob } from './options.ts';
export { runJob } from './run-job.ts';
