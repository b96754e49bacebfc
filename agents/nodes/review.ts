/** Reads the search once before its claim is sealed: by rules, and by the planner's own language model where it has one. It may ask for one more round; after that the claim is sealed as it comes. */
import { Claim, deviationsOf, hashOf, type StepOf } from '../../src/contract/index.ts';
import { ACT, reviewIn, reviewLiesBehind } from '../acts.ts';
import { observe } from '../observation.ts';
import type { AgentPorts } from '../ports.ts';
import { opinionOf, remarksIn } from '../reviewer/opinion.ts';
import { remarksOn } from '../reviewer/rules.ts';
import type { AgentState, Node } from '../state.ts';

export const review =
  (ports: AgentPorts): Node =>
  async (state) => {
    const known = reviewIn(ports.recorder.steps());
    if (known && reviewLiesBehind(known, state)) return { reviewed: true };
    const body = known ?? (await reviewOf(ports, state));
    if (!known) ports.recorder.record(ACT.review, body);
    return body.one_more_round ? { reviewed: true, pending: null } : { reviewed: true };
  };

async function reviewOf(ports: AgentPorts, state: AgentState): Promise<StepOf<'review'>> {
  const claim = Claim.parse(JSON.parse(state.pending ?? 'null'));
  const observation = observe(ports, state);
  const seen = remarksOn({ claim, observation });
  const deviations = deviationsOf(ports.recorder.steps());
  const opinion = await opinionOf(ports, { claim, observation, remarks: seen, deviations, complaint: null });
  const remarks = opinion ? [...seen, ...remarksIn(opinion)] : seen;
  const one_more_round = remarks.some(({ asks }) => asks) && observation.remaining > 0 && ports.purse.spent() === null;
  return {
    kind: 'review',
    after: state.acts,
    claim,
    sha256: hashOf(claim),
    remarks,
    ...(opinion === undefined ? {} : { opinion: opinion?.verdict ?? null }),
    one_more_round,
  };
}
