/** The rankings against which the known-model criteria hold a run. Agents never see them. */
import type { Evidence } from '../../evals/checkers/index.ts';
import type { ModelFacts, Protocol } from '../contract/index.ts';
import { loadReference, publishedRanking } from '../protocol/index.ts';

/**
 * Returns rankings by model card, and under `own` the one of this very model: the published one, else ours, where it was
 * measured on these weights.
 */
export function referencesFor(protocol: Protocol, model: string, facts: ModelFacts): Evidence['references'] {
  const references: Record<string, Evidence['references'][string]> = {};
  for (const entry of protocol.published) {
    if (entry.card !== null) references[entry.card] = publishedRanking(protocol, entry);
  }
  const measured = loadReference(protocol.finding);
  const ours =
    measured?.model === model && measured.weights_sha256 === facts.weights_sha256 ? measured.ranking : undefined;
  const own = references[model] ?? ours;
  return own ? { ...references, own } : references;
}
