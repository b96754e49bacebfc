/** The one entrance: prepares a job, lets signals cancel it, runs it, and leaves nothing behind. */
import type { Run } from '../contract/index.ts';
import { signingKey } from '../store/index.ts';
import { keepNursery } from '../worker/index.ts';
import { silenceTracing } from './environment.ts';
import { Job } from './job.ts';
import type { JobOptions } from './options.ts';
import { prepare } from './resolve.ts';
import { cancelOnSignals } from './signals.ts';

/**
 * Runs a job to its verdict, or goes on with one that was cut off.
 * @returns the run: sealed; or faulted or cancelled, with the reason in `note`, and resumable
 * @throws Refusal or Fault for what ends it before a run exists, or where the record itself cannot be written
 */
export async function runJob(options: JobOptions): Promise<Run> {
  silenceTracing();
  const resumed = options.run === undefined ? undefined : options.record.findRun(options.run);
  if (resumed?.state === 'sealed') return resumed;
  const prepared = prepare(options);
  keepNursery(options.python); // two workers follow each other: the agent's and the verification's
  signingKey(); // found missing or unusable now, not after an hour of measuring
  const cancelling = cancelOnSignals(options.signal);
  const job = new Job(options, prepared, cancelling.signal);
  try {
    return await job.run();
  } finally {
    await job.close();
    cancelling.release();
  }
}
