/** The grid counts sealed runs and nothing else. */
import { expect, test } from 'vitest';
import { freshRecord, openRun, sealedRun } from './testing.ts';

test('an unsealed run is nowhere in the grid, whatever its state', () => {
  const { record } = freshRecord();
  openRun(record);
  record.end(openRun(record).run, 'faulted', 'x');
  record.end(openRun(record).run, 'cancelled', 'x');
  expect(record.cells()).toEqual([]);
});

test('a cell shows the most frequent verdict, all counts and the latest run', () => {
  const { record, artifacts } = freshRecord();
  sealedRun(record, artifacts, 'reproduced');
  sealedRun(record, artifacts, 'reproduced');
  const last = sealedRun(record, artifacts, 'partial');
  const other = sealedRun(record, artifacts, 'behaviour-absent', { model: 'icl-gemma2-untrained' });
  expect(record.cells()).toEqual([
    {
      finding: 'function-vector-heads',
      model: 'icl-gemma2',
      verdict: 'reproduced',
      runs: 3,
      agreeing: 2,
      verdicts: { partial: 1, reproduced: 2 },
      latest: last.run,
      withdrawn: [],
    },
    {
      finding: 'function-vector-heads',
      model: 'icl-gemma2-untrained',
      verdict: 'behaviour-absent',
      runs: 1,
      agreeing: 1,
      verdicts: { 'behaviour-absent': 1 },
      latest: other.run,
      withdrawn: [],
    },
  ]);
});

test('among equally frequent verdicts the latest wins', async () => {
  const { record, artifacts } = freshRecord();
  for (const verdict of ['reproduced', 'partial', 'partial', 'reproduced'] as const) {
    sealedRun(record, artifacts, verdict);
    await new Promise((resolve) => setTimeout(resolve, 3)); // the times of sealing have milliseconds
  }
  expect(record.cells()[0]).toMatchObject({ verdict: 'reproduced', agreeing: 2, runs: 4 });
});
