/** Claims judged as far as they must be, against the whole verification, on a model whose heads are known. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim, Criterion, JsonObject } from '../contract/index.ts';
import { loadProtocol } from '../protocol/index.ts';
import { temporaryFolder } from '../testing.ts';
import { WorkerHandle, workerPython } from '../worker/index.ts';
import { SharingToolRunner, type Verified, verifyClaim, wouldPass } from './nulls.ts';
import { prepareBehaviour, prepareRequests } from './resolve.ts';

const protocol = loadProtocol('successor-heads');
const model = 'planted-gpt2';
const controlled = protocol.criteria.new_model.find(
  ({ kind, weight }) => kind === 'exceeds-null' && weight === 'core',
) as Criterion;
const claim = (head: string) => ({ roles: { successor: [head] }, settings: {}, statement: '' }) as unknown as Claim;

describe('a claim that nobody found', () => {
  let handle: WorkerHandle;
  beforeAll(async () => {
    const { request } = prepareRequests({ protocol, model, artifacts: temporaryFolder() });
    handle = await WorkerHandle.open({ python: workerPython() }, request('held-out'));
  });
  afterAll(() => handle?.stop());
  const job = (): { job: Verified; calls: string[] } => {
    const calls: string[] = [];
    const tools = new SharingToolRunner((tool, input: JsonObject) => {
      calls.push(tool);
      return handle.call(tool, input);
    });
    const { tasks } = prepareBehaviour(protocol);
    return { job: { protocol, model, facts: handle.facts, tasks, tools, seed: 0 }, calls };
  };
  it('is judged as by the whole verification, by fewer measurements', async () => {
    const [whole, part] = [job(), job()];
    const full = await verifyClaim(whole.job, claim('a5.h0'));
    const told = await wouldPass(part.job, claim('a5.h0'));
    expect([full.verdict, told.verdict]).toEqual(['not-reproduced', 'not-reproduced']);
    const failed = full.criteria.filter(({ status }) => status === 'fail').map(({ id }) => id);
    expect(failed).toContain(told.criteria[0]?.id);
    expect(told.criteria).toHaveLength(1);
    expect(part.calls.length).toBeLessThan(whole.calls.length / 4);
  });
  it('that passes what needs no controls is held against the first of them before all are measured', async () => {
    // A head that does nothing exceeds no other that does nothing.
    const asked = { ...protocol, criteria: { new_model: [controlled], known_model: [] } };
    const [whole, part] = [job(), job()];
    const full = await verifyClaim({ ...whole.job, protocol: asked }, claim('a5.h0'));
    const told = await wouldPass({ ...part.job, protocol: asked }, claim('a5.h0'));
    expect([full.verdict, told.verdict]).toEqual(['not-reproduced', 'not-reproduced']);
    const before = full.criteria[0]?.null_values ?? [];
    const first = told.criteria[0]?.null_values ?? [];
    expect(first.length).toBeLessThan(before.length);
    expect(first).toEqual(before.slice(0, first.length));
  });
  it('passes where the whole verification lets it pass, and no call is made twice', async () => {
    const { job: part, calls } = job();
    const told = await wouldPass(part, claim('a5.h2'));
    expect(told.verdict).toBe('reproduced');
    const once = calls.length;
    expect((await verifyClaim(part, claim('a5.h2'))).criteria).toEqual(told.criteria);
    expect(calls).toHaveLength(once);
  });
});
