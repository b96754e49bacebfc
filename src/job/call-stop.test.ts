/** Ending one call, and nothing else. The worker's part of it is tested with a real one in src/mcp/mcp.test.ts. */
import { describe, expect, it } from 'vitest';
import { Fault } from '../contract/index.ts';
import { CallStop } from './call-stop.ts';

const cancelled = new Fault({ code: 'cancelled', what: 'w', why: 'w', instead: 'i' });
/** As a worker's call: it ends with a fault once its signal is aborted. */
const heeds = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(cancelled)));

describe('a call that is stopped', () => {
  it('is a refusal to its agent', async () => {
    const stop = new CallStop();
    const call = stop.during('sweep_heads', new AbortController().signal, heeds);
    expect(stop.stop()).toBe(true);
    await expect(call).rejects.toMatchObject({ failure: { kind: 'refusal', code: 'cancelled' } });
    expect(stop.stop()).toBe(false);
  });

  it('stays a fault where the whole job is cancelled', async () => {
    const [stop, job] = [new CallStop(), new AbortController()];
    const call = stop.during('sweep_heads', job.signal, heeds);
    job.abort();
    stop.stop();
    await expect(call).rejects.toBe(cancelled);
  });

  it('keeps what went wrong otherwise', async () => {
    const broken = new Fault({ code: 'worker-died', what: 'w', why: 'w', instead: 'i' });
    const stop = new CallStop();
    const call = stop.during('x', new AbortController().signal, (signal) =>
      heeds(signal).catch(() => Promise.reject(broken)),
    );
    stop.stop();
    await expect(call).rejects.toBe(broken);
  });
});
