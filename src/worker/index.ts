/** The Python worker as seen from TypeScript. */
export type { WorkerClient } from './client.ts';
export { type RestartPolicy, WorkerHandle } from './handle.ts';
export type { CallOptions } from './limit.ts';
export { keepNursery } from './nursery.ts';
export { workerPython } from './python.ts';
export { type StartOptions, startWorker } from './start.ts';
export type { Log } from './stderr.ts';
