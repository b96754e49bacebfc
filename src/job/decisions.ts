/**
 * What a run decides with, apart from any worker: the agent's ports and the protocol's verdict. The job and a replay of its record
 * both come here, so that the two cannot drift apart.
 */
import type { AgentPorts } from '../../agents/index.ts';
import { check } from '../../evals/checkers/index.ts';
import type { JsonObject, ModelFacts, SealedClaim, Step, StepBody, Verdict } from '../contract/index.ts';
import { evidenceIsAsked } from './planner.ts';
import { referencesFor } from './references.ts';
import type { Prepared } from './resolve.ts';
import { type Verification, verify } from './verify.ts';

export type Deciding = Pick<Prepared, 'protocol' | 'model' | 'planner' | 'seed' | 'view' | 'tasks'>;

/** @param facts of the model that is open on the search half */
export function agentPorts(
  { protocol, planner, view, seed }: Deciding,
  facts: ModelFacts,
  outside: Pick<AgentPorts, 'recorder' | 'purse' | 'tools' | 'signal'>,
): AgentPorts {
  const judgeGate = (values: JsonObject, unmeasured: Record<string, string>) =>
    check(protocol.gate.criterion, { values, unmeasured, references: {} });
  const { evidence: _, ...unasked } = view;
  return { planner, view: evidenceIsAsked(planner.id) ? view : unasked, seed, facts, judgeGate, ...outside };
}

/** Measures the sealed claim by the protocol, and records the verdict. @param facts of the model that is open on the held-out half */
export async function judge(
  { protocol, model, seed, tasks }: Deciding,
  facts: ModelFacts,
  { recorder, tools }: Pick<AgentPorts, 'recorder'> & Pick<Verification, 'tools'>,
): Promise<Verdict> {
  const verdict = await verify({
    protocol,
    model,
    seed,
    tasks,
    facts,
    ...claimIn(recorder.steps()),
    references: referencesFor(protocol, model, facts),
    tools,
    record: (act: string, body: StepBody) => recorder.record(act, body),
  });
  recorder.record('verdict', { kind: 'verdict', verdict });
  return verdict;
}

/** The sealed claim, or why there is none, as the record has it. */
function claimIn(steps: readonly Step[]): { claim: SealedClaim | null; noClaim: string } {
  for (const { body } of steps) {
    if (body.kind === 'claim') return { claim: body.claim, noClaim: '' };
    if (body.kind === 'gave-up') return { claim: null, noClaim: `The agent gave up: ${body.reason}` };
  }
  return {
    claim: null,
    noClaim: 'The behaviour passed the gate on the held-out half but not on the search half, so nothing was searched.',
  };
}
