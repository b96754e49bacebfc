/** The rankings against which the known-model criteria hold a run. Agents never see them. */
import type { Evidence, KnownRanking } from '../../evals/checkers/index.ts';
import type { ModelFacts, Protocol, Reference } from '../contract/index.ts';
import { loadReference, publishedRanking, rankingName } from '../protocol/index.ts';

/**
 * Returns rankings by model card, and under `own` the one of this very model: the published one, else ours, where it was
 * measured on these weights.
 */
export function referencesFor(protocol: Protocol, model: string, facts: ModelFacts): Evidence['references'] {
  const references: Record<string, KnownRanking> = {};
  for (const entry of protocol.published) {
    const name = rankingName(entry);
    if (name === null) continue;
    references[name] = {
      source: `published for ${entry.model}: ${entry.source}`,
      heads: publishedRanking(protocol, entry),
    };
  }
  const own = references[model] ?? ours(loadReference(protocol.finding), model, facts);
  return own ? { ...references, own } : references;
}

function ours(measured: Reference | undefined, model: string, facts: ModelFacts): KnownRanking | undefined {
  if (measured?.model !== model || measured.weights_sha256 !== facts.weights_sha256) return undefined;
  const { produced_by, seeds, content_sha256, ranking } = measured;
  const source = `${produced_by} on ${model}, seeds ${seeds.join(', ')} (reference.json, content ${content_sha256.slice(0, 10)})`;
  return { source, heads: ranking };
}
