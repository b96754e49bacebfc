/** What rests on a run: forks, forks of forks, and agents that were told of its cell. */
import { expect, test } from 'vitest';
import type { Json, StepBody } from '../contract/index.ts';
import { cellOf, restingOn } from './index.ts';
import { freshRecord, opened, openRun, sealedRun } from './testing.ts';

test('forks and those who were told of the cell rest on it, and nobody else', () => {
  const { record, artifacts } = freshRecord();
  const early = openRun(record, { model: 'early' });
  record.append(early.run, 'opened', opened(early));
  const run = sealedRun(record, artifacts);
  const fork = record.fork(run.run, 3);
  const again = record.fork(fork.run, 2);
  const told = openRun(record, { model: 'other', seed: 5 });
  record.append(told.run, 'opened', opened(told));
  const cell = { finding: run.finding, model: run.model, verdict: 'reproduced', runs: 1 };
  const tells = (...cells: Json[]): StepBody => ({
    kind: 'tool-result',
    phase: 'search',
    call: 'search/01-m',
    tool: 'recall_memory',
    output: { cells },
    artifacts: [],
  });
  record.append(told.run, 'search/01-m/result', tells(cell));
  const elsewhere = { ...cell, model: 'icl-llama' };
  record.append(early.run, 'search/01-m/result', tells(elsewhere));
  expect(restingOn(record, run).map(({ run: name, how }) => [name, how])).toEqual([
    [fork.run, 'forked from it'],
    [again.run, `forked from ${fork.run}`],
    [told.run, 'was told of its cell in step 2'],
  ]);
  expect(cellOf(record, run)).toMatchObject({ verdict: 'reproduced', runs: 1 });
  expect(cellOf(record, { finding: 'other', model: run.model })).toBeNull();
});
