/** Reads the search once before its claim is sealed. It may ask for one more round; after that the claim is sealed as it comes. */
import { Claim, hashOf, type StepOf } from '../../src/contract/index.ts';
import { ACT, reviewIn, reviewLiesBehind } from '../acts.ts';
import { observe } from '../observation.ts';
import type { AgentPorts } from '../ports.ts';
import { remarksOn } from '../reviewer/rules.ts';
import type { AgentState, Node } from '../state.ts';

export const review =
  (ports: AgentPorts): Node =>
  async (state) => {
    const known = reviewIn(ports.recorder.steps());
    if (known && reviewLiesBehind(known, state)) return { reviewed: true };
    const body = known ?? reviewOf(ports, state);
    if (!known) ports.recorder.record(ACT.review, body);
    return body.one_more_round ? { reviewed: true, pending: null } : { reviewed: true };
  };

function reviewOf(ports: AgentPorts, state: AgentState): StepOf<'review'> {
  const claim = Claim.parse(JSON.parse(state.pending ?? 'null'));
  const observation = observe(ports, state);
  const remarks = remarksOn({ claim, observation });
  const one_more_round = observation.remaining > 0 && remarks.some(({ asks }) => asks);
  return { kind: 'review', after: state.acts, claim, sha256: hashOf(claim), remarks, one_more_round };
}
