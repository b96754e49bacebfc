/** Jobs on a real worker with a tiny untrained model: what ends how, and what is recorded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Planner } from '../../agents/index.ts';
import { Protocol, type Step } from '../contract/index.ts';
import { type Bench, bench, buildTiny, tinyProtocol } from './fixtures/tiny.ts';
import { type JobEvent, type NewJob, runJob } from './index.ts';

let here: Bench;
let model: string;
beforeAll(async () => {
  here = bench();
  model = join(here.folder, 'tiny-llama');
  await buildTiny('llama', model);
  whole = runJob(job());
  await whole;
}, 600_000);

const job = (change: Partial<NewJob> = {}): NewJob => ({
  ...here.means,
  finding: tinyProtocol(),
  model,
  planner: 'scripted',
  seed: 1,
  ...change,
});
const of = (run: { run: string }): Step[] => here.record.steps(run.run);
const acts = (run: { run: string }): string[] => of(run).map(({ act }) => act);
const verdict = (run: { run: string }) =>
  of(run).flatMap(({ body }) => (body.kind === 'verdict' ? [body.verdict] : []))[0];
const quitter: Planner = { id: 'quitter', next: async () => ({ kind: 'give-up', reason: 'it is late' }) };

/** The run of seed 1, left alone: with it those that were disturbed are compared. */
let whole: ReturnType<typeof runJob>;
const contents = (run: { run: string }): string[] => of(run).map(({ content }) => content);

describe('a job', { timeout: 300_000 }, () => {
  it('measures the search on one half and the verdict on the other', async () => {
    const first = await whole;
    for (const { body } of of(first)) {
      const receipt = body.kind === 'tool-result' ? (body.output['receipt'] as { split: string }) : undefined;
      if (body.kind === 'tool-result' && receipt)
        expect(receipt.split).toBe(body.phase === 'search' ? 'search' : 'held-out');
    }
    const claimed = acts(first).indexOf('claim');
    expect(acts(first).findIndex((act) => act.startsWith('verify/'))).toBeGreaterThan(claimed);
  });

  it('is behaviour-absent below the gate, without plan, claim or measurement', async () => {
    const { gate, ...rest } = tinyProtocol();
    const strict = Protocol.parse({
      ...rest,
      gate: { ...gate, criterion: { ...gate.criterion, threshold: { value: 2 } } },
    });
    const run = await runJob(job({ finding: strict }));
    expect(run).toMatchObject({ state: 'sealed', verdict: 'behaviour-absent' });
    expect(acts(run).filter((act) => /^(plan|claim|search|verify|controls|gave-up)/.test(act))).toEqual([]);
  });

  it('is inconclusive where the agent gives up, with its reason', async () => {
    const run = await runJob(job({ planner: quitter }));
    expect(run).toMatchObject({ state: 'sealed', verdict: 'inconclusive', planner: 'quitter' });
    expect(verdict(run)?.because).toContain('it is late');
  });

  it('is inconclusive where a core criterion has no number; a replaced claim is measured and said in the record', async () => {
    const protocol = tinyProtocol();
    const core = protocol.criteria.new_model.map((criterion) => ({ ...criterion, weight: 'core' as const }));
    const finding = { ...protocol, criteria: { known_model: [], new_model: core } };
    const run = await runJob(job({ finding, claim: (claim) => ({ ...claim, roles: { vector: ['a1.h0'] } }) }));
    expect(run).toMatchObject({ verdict: 'inconclusive', planner: 'scripted, claim replaced' });
    expect(verdict(run)?.criteria.find(({ id }) => id === 'N3')).toMatchObject({
      status: 'unmeasured',
      measured: null,
      note: expect.stringContaining('impossible was not measured'),
    });
    expect(of(run).find(({ act }) => act === 'verify/without')?.body).toMatchObject({
      input: { components: ['a1.h0'] },
    });
  });
});

describe('a job that cannot start', () => {
  it.each([
    ['an unknown finding', { finding: 'function-vector-head' }, 'function-vector-heads'],
    ['an unknown model', { model: 'icl-gema2' }, 'icl-gemma2'],
    ['an unknown planner', { planner: 'scriptd' }, 'scripted'],
    ['a folder without a model', { model: './src' }, 'config.json'],
  ])('refuses %s and records nothing', async (_, change, says) => {
    const before = here.record.runs().length;
    await expect(runJob(job(change as Partial<NewJob>))).rejects.toThrow(says);
    expect(here.record.runs()).toHaveLength(before);
  });
});

describe('a job that is disturbed', { timeout: 300_000 }, () => {
  const at = (act: string, then: () => void) => (event: JobEvent) => {
    if (event.kind === 'step' && event.step.act === act) then();
  };
  const resume = (run: { run: string }) => runJob({ ...here.means, run: run.run, model });

  it('is cancelled within a second, and resumed to the very record of the same seed', async () => {
    const controller = new AbortController();
    let asked = 0;
    const onEvent = at('search/02-sweep', () => {
      asked = Date.now();
      setTimeout(() => controller.abort(), 50);
    });
    const run = await runJob(job({ signal: controller.signal, onEvent }));
    expect(run.state).toBe('cancelled');
    expect(Date.parse(run.ended_at ?? '') - asked).toBeLessThan(1050);
    expect(await resume(run)).toMatchObject({ run: run.run, state: 'sealed' });
    expect(contents(run)).toEqual(contents(await whole));
  });

  it('is faulted when the worker keeps dying, and resumed', async () => {
    const onEvent = (event: JobEvent): void => {
      if (event.kind === 'progress' && event.act === 'search/02-sweep') killWorkers();
    };
    const run = await runJob(job({ seed: 3, onEvent }));
    expect(run).toMatchObject({ state: 'faulted', verdict: null, note: expect.stringContaining('the worker is gone') });
    expect(of(run).at(-1)?.body).toMatchObject({ kind: 'fault', phase: 'search', failure: { code: 'worker-died' } });
    expect(await resume(run)).toMatchObject({ run: run.run, state: 'sealed' });
  });

  it('leaves its record intact when the disk is full, and is resumed', async () => {
    const database = (here.record as unknown as { db: Database.Database }).db;
    const onEvent = at('search/01-means/result', () => {
      database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`);
    });
    await expect(
      runJob(job({ seed: 4, onEvent })).finally(() => database.pragma('max_page_count = 1000000')),
    ).rejects.toThrow('no space is left');
    const run = here.record.runs().at(-1) as { run: string };
    expect(await resume(run)).toMatchObject({ run: run.run, state: 'sealed' });
  });

  it('leaves its record intact when the database stays locked, and is resumed', async () => {
    const other = new Database(here.record.file);
    const onEvent = at('search/01-means', () => other.exec('BEGIN IMMEDIATE'));
    await expect(
      runJob(job({ seed: 5, onEvent })).finally(() => other.inTransaction && other.exec('ROLLBACK')),
    ).rejects.toThrow('write lock');
    other.close();
    const run = here.record.runs().at(-1) as { run: string };
    expect(await resume(run)).toMatchObject({ run: run.run, state: 'sealed' });
  });
});

/** Kills the worker processes that this process has started. */
function killWorkers(): void {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(/\s+/);
  for (const pid of children) {
    if (pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('recircuit_worker'))
      process.kill(Number(pid), 'SIGKILL');
  }
}
