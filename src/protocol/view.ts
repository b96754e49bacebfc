/**
 * What an agent may see of a protocol. The rest is how the agent is marked: measurements on held-out prompts, controls,
 * published rankings, and the criteria that compare with them stay out of every observation.
 */
import type { Protocol } from '../contract/index.ts';
import { type LoadedBehaviour, taskNames } from './behaviours.ts';

export interface ProtocolView
  extends Pick<Protocol, 'finding' | 'claim' | 'source' | 'roles' | 'gate' | 'procedure' | 'claim_from' | 'evidence'> {
  readonly behaviour: { readonly name: string; readonly kind: string; readonly tasks: readonly string[] };
  /** The new-model criteria in words. */
  readonly criteria: ReadonlyArray<{ readonly id: string; readonly says: string }>;
}

/** Returns a copy; whatever a planner does to it changes nothing else. */
export function agentView(protocol: Protocol, loaded: LoadedBehaviour): ProtocolView {
  const { finding, claim, source, roles, gate, procedure, claim_from, evidence, criteria } = structuredClone(protocol);
  return {
    finding,
    claim,
    source,
    roles,
    gate,
    procedure,
    claim_from,
    ...(evidence ? { evidence } : {}),
    behaviour: { name: loaded.file.behaviour, kind: loaded.file.kind, tasks: taskNames(loaded) },
    criteria: criteria.new_model.map(({ id, says }) => ({ id, says })),
  };
}
