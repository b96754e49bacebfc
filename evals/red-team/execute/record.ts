/** Attacks on what is kept: sealed runs that are edited, runs that are cut off and edited, a grid that is filled until it fits. */
import { verifyRun } from '../../../src/store/index.ts';
import { type Bench, type Ending, endingOf, FINDING, MODEL, type Place, SEED, thrown } from '../bench.ts';
import { edit } from '../edit.ts';
import type { AttackOf } from '../schema.ts';

export async function sealed({ edit: asked }: AttackOf<'sealed'>, bench: Bench): Promise<Ending> {
  const folder = await (asked.artifact ? bench.honest() : bench.committed());
  edit(folder, asked);
  return bench.at(async ({ record, means }) => {
    const [run] = record.list();
    const artifacts = asked.artifact ? means.artifacts : null;
    const { problems } = verifyRun(record, run?.run ?? '', { artifacts });
    const { verdict = null } = run ?? {};
    return problems.length > 0
      ? { ends: 'found', because: problems.map(({ what }) => what).join('; ') }
      : { ends: verdict ?? 'faulted', because: 'nothing was found' };
  }, folder);
}

export async function cut({ after, edit: asked }: AttackOf<'cut'>, bench: Bench): Promise<Ending> {
  const folder = bench.empty();
  const run = await bench.at((place) => cutOff(place, after), folder);
  edit(folder, asked);
  return bench.at(({ means }) => endingOf({ ...means, run }), folder);
}

/** Cancels a run right after a step. Returns its id. */
export async function cutOff({ means, record }: Place, after: string): Promise<string> {
  const controller = new AbortController();
  await endingOf({
    ...means,
    finding: FINDING,
    model: MODEL,
    planner: 'scripted',
    seed: SEED,
    signal: controller.signal,
    onEvent: (event) => {
      if (event.kind === 'step' && event.step.act === after) controller.abort();
    },
  });
  const [run] = record.list();
  if (run?.state !== 'cancelled') throw new Error(`the run was to be cut off after ${after} and is ${run?.state}`);
  return run.run;
}

/** Runs until one fits: what the cell says of them all. */
export async function grid({ random, honest }: AttackOf<'grid'>, bench: Bench): Promise<Ending> {
  return bench.at(({ means, record }) =>
    thrown(async () => {
      for (let seed = 0; seed < random + honest; seed++) {
        const claim = (given: { roles: Record<string, string[]> }) =>
          seed < random ? { ...given, roles: { induction: ['a3.h1', 'a3.h4'] } } : given;
        const job = { ...means, finding: FINDING, model: MODEL, planner: 'scripted', seed };
        await endingOf({ ...job, claim: claim as never });
      }
      const [cell] = record.cells();
      const { verdict = null, runs = 0, agreeing = 0, verdicts = {} } = cell ?? {};
      const told = Object.entries(verdicts).map(([name, count]) => `${name} ${String(count)}`);
      return {
        ends: verdict ?? 'faulted',
        because: `the cell says ${agreeing} of ${runs} runs: ${told.sort().join(', ')}`,
      };
    }),
  );
}
