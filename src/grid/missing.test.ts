/** What a grid lacks: which runs stand, which can go on, and why one that is there does not do. */
import { expect, it } from 'vitest';
import type { PooledCell, Protocol, Run } from '../contract/index.ts';
import { loadProtocol, protocolHash } from '../protocol/index.ts';
import type { RunRecord } from '../store/index.ts';
import { freshRecord, opened } from '../store/testing.ts';
import { missingIn } from './missing.ts';

const finding = 'induction-heads';
const model = 'icl-llama';
const protocol = loadProtocol(finding);
/** The same in the words of an earlier time. */
const earlier = { ...protocol, claim: 'otherwise' };

function begin(record: RunRecord, seed: number, of: Protocol = protocol): Run {
  const run = record.createRun({
    finding,
    model,
    planner: 'scripted',
    seed,
    protocol: of,
    protocol_sha256: protocolHash(of),
  });
  record.append(run.run, 'open', opened(run));
  return run;
}
function seal(record: RunRecord, run: Run, artifacts: string): string {
  record.append(run.run, 'verdict', {
    kind: 'verdict',
    verdict: { verdict: 'partial', because: '', gate: null, criteria: [] },
  });
  return record.seal(run.run, 'partial', artifacts).run;
}
const cell = (counted: string[], stale: string[] = [], left_out: PooledCell['left_out'] = []): PooledCell =>
  ({ finding, model, counted, stale, left_out, signed_by: null }) as Partial<PooledCell> as PooledCell;

it('lacks what no run that holds has measured; a run of an earlier protocol does not go on', () => {
  const { record, artifacts } = freshRecord();
  const [holding, old] = [0, 1].map((seed) => seal(record, begin(record, seed), artifacts)) as [string, string];
  const begun = begin(record, 2).run;
  begin(record, 3, earlier);
  const wanted = { findings: [finding], models: [model], seeds: 4, planner: 'scripted' };
  const at = (seed: number, more: object) => ({ finding, model, seed, begun: null, because: '', ...more });

  const left_out = [{ run: old, because: 'its protocol has changed since' }];
  expect(missingIn(record, [cell([holding], [], left_out)], wanted)).toEqual({
    there: 1,
    lacking: [at(1, { because: 'its protocol has changed since' }), at(2, { begun }), at(3, {})],
  });
  const { there, lacking } = missingIn(record, [cell([holding, old], ['the engine was another'])], wanted);
  expect(there).toBe(0);
  expect(lacking.slice(0, 2)).toEqual([0, 1].map((seed) => at(seed, { because: 'the engine was another' })));
  expect(missingIn(record, [cell([holding])], { ...wanted, planner: 'anthropic' }).there).toBe(0);
});
