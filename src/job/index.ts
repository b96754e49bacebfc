/** Runs jobs: one finding, one model, one seed, from the protocol to the sealed verdict. */
export { CALL_MS, callLimit } from './budget.ts';
export { CallStop } from './call-stop.ts';
export { carryCircuit } from './carry.ts';
export { drawControl } from './controls.ts';
export { agentPorts, judge } from './decisions.ts';
export { silenceTracing } from './environment.ts';
export { findModel } from './models.ts';
export { SharingToolRunner, type Verified, wouldPass } from './nulls.ts';
export { openedBody } from './opened.ts';
export type { JobEvent, JobOptions, NewJob, ReplaceClaim, ResumedJob } from './options.ts';
export { outside } from './outside.ts';
export { plannerCalled } from './planner.ts';
export { RunPurse } from './purse.ts';
export { measuredRevision, type Prepared, prepareBehaviour, prepareRequests } from './resolve.ts';
export { runJob } from './run-job.ts';
export { cancelOnSignals } from './signals.ts';
export { RecordingToolRunner } from './tool-runner.ts';
