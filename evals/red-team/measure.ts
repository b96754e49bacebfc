/** What is left where the interpreter itself lies: the record is measured again by a worker that can be trusted. */
import { remeasure } from '../../src/replay/index.ts';
import type { RunRecord } from '../../src/store/index.ts';
import { workerPython } from '../../src/worker/index.ts';
import type { Ending } from './bench.ts';

/** Calls that are measured again, drawn at random. */
const COUNT = 8;

export async function measuredAgain(record: RunRecord, artifacts: string, ending: Ending): Promise<Ending> {
  const run = record.runs().at(-1);
  if (run?.state !== 'sealed') return ending;
  const steps = record.steps(run.run);
  const found = await remeasure({ run, steps, artifacts, python: workerPython(), count: COUNT, seed: 1 });
  const others = found.filter((one) => one.class === 'different');
  if (others.length === 0) return ending;
  const because = `sealed as ${ending.ends}, since the interpreter itself lied; \`runs replay --measure\` says different of ${others.length} of ${found.length} calls`;
  return { ends: 'found', because };
}
