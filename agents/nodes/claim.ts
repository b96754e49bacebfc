/** Seals the claim. After it nothing of the agent's runs any more. */
import { Claim, hashOf } from '../../src/contract/index.ts';
import { ACT } from '../acts.ts';
import type { AgentPorts } from '../ports.ts';
import type { Node } from '../state.ts';

export const claim =
  (ports: AgentPorts): Node =>
  async ({ pending }) => {
    const sealed = Claim.parse(JSON.parse(pending ?? 'null'));
    ports.recorder.record(ACT.claim, { kind: 'claim', claim: sealed, sha256: hashOf(sealed) });
    return { done: 'claimed', pending: null };
  };
