/** Brings a run, its steps and the tensors of its figures together into the view model. The only file here that reads anything. */
import type { Run } from '../contract/index.ts';
import { checkArtifact, type RunRecord, readTensor } from '../store/index.ts';
import { type HeatMap, heatMapOf, type RunView, resultsOf, type Tensor, tensorsNeeded, viewOf } from './view/index.ts';

/**
 * Returns the view of a run. A tensor that is missing or does not match its name is left out, with its figure: reading a
 * report must not need every artifact, and `runs verify` is what reports damage.
 */
export function loadView(record: RunRecord, run: Run, artifacts: string): RunView {
  const steps = record.steps(run.run);
  const tensors = new Map<string, Tensor>();
  for (const sha of tensorsNeeded(resultsOf(steps))) {
    if (checkArtifact(artifacts, sha) === null) tensors.set(sha, readTensor(artifacts, sha));
  }
  return viewOf(run, steps, tensors);
}

/** Returns the map of the agent's own call of that act; null where its result holds none, or the tensor is gone. */
export function loadHeatMap(record: RunRecord, run: string, artifacts: string, call: string): HeatMap | null {
  const result = resultsOf(record.steps(run)).find((found) => found.phase === 'search' && found.call === call);
  if (result === undefined) return null;
  const [sha] = [...tensorsNeeded([result])].filter((found) => checkArtifact(artifacts, found) === null);
  return sha === undefined ? null : heatMapOf(result, new Map([[sha, readTensor(artifacts, sha)]]));
}
