/** What a forked run begins with: the steps of another up to one of them, its first step saying where they come from. */
import type { JsonObject, Run, Step, StepBody } from '../contract/index.ts';
import { badFork } from './refusals.ts';
import type { StepRow } from './rows.ts';
import type { ReadStep } from './run-problems.ts';

/** @param run the new run, with the settings of its planner where that is another. @throws Refusal bad-fork */
export function forkedBodies(
  run: Pick<Run, 'planner'> & { readonly origin: string; readonly planner_settings?: JsonObject | undefined },
  steps: readonly Step[],
  seq: number,
): { act: string; body: StepBody }[] {
  const [first, ...rest] = steps.slice(0, seq);
  const last = steps[seq - 1];
  if (first?.body.kind !== 'opened' || last === undefined)
    throw badFork(run.origin, `it has ${steps.length} steps`, `name one from 1 to ${steps.length}, or its act`);
  if (last.body.kind === 'sealed') throw badFork(run.origin, 'nothing goes on after the seal', 'name an earlier step');
  const forked = { run: run.origin, seq, hash: last.hash };
  const { planner_settings, ...opened } = first.body;
  const settings = run.planner === opened.planner ? planner_settings : run.planner_settings;
  const body = { ...opened, planner: run.planner, ...(settings ? { planner_settings: settings } : {}), forked };
  return [{ act: first.act, body }, ...rest];
}

/** Returns what is wrong with the steps that a forked run shares, held against those of its origin where they are at hand. */
export function forkProblems(steps: readonly ReadStep[], origin: readonly StepRow[] | null): string[] {
  const first = steps[0]?.body;
  if (first?.kind !== 'opened' || first.forked === undefined || origin === null) return [];
  const { run, seq, hash } = first.forked;
  if (origin[seq - 1]?.hash !== hash) return [`step ${seq} of run ${run}, from which it was forked, is another now`];
  const differing = steps.slice(1, seq).find(({ row }, index) => row.content !== origin[index + 1]?.content);
  return differing === undefined
    ? []
    : [`its step ${differing.row.seq} is not that of run ${run}, whose steps it shares`];
}
