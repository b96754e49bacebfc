/** Builds the view model from run, steps and tensors. Pure: no file, no clock; `load.ts` brings the tensors. */
import {
  deviationsOf,
  Protocol,
  type Receipt,
  type Run,
  type SealedClaim,
  type Step,
  type StepKind,
  type StepOf,
} from '../../contract/index.ts';
import { agreementsOf, tensorsCompared } from './agreement.ts';
import { budgetInWords } from './budget.ts';
import { criteriaOf } from './criteria.ts';
import { figuresOf, type Tensors, tensorsDrawn } from './figures.ts';
import { stepLine } from './steps.ts';
import { type Result, resultsOf } from './trail.ts';
import type { ClaimView, RoleView, RunView } from './types.ts';

export { heatMapOf, type Tensor, type Tensors } from './figures.ts';
export { stepLine } from './steps.ts';
export { resultsOf } from './trail.ts';
export type * from './types.ts';

/**
 * Returns everything that a face of the run shows. Works for a run that is still open or has faulted.
 * @throws ZodError when the frozen protocol in the run is not a protocol.
 */
export function viewOf(run: Run, steps: readonly Step[], tensors: Tensors): RunView {
  const protocol = Protocol.parse(run.protocol);
  const results = resultsOf(steps);
  const claim = last(steps, 'claim');
  const verdict = last(steps, 'verdict');
  const plan = last(steps, 'plan');
  const facts = last(steps, 'model-facts');
  return {
    run: withoutProtocol(run),
    seconds: run.ended_at === null ? null : (Date.parse(run.ended_at) - Date.parse(run.opened_at)) / 1000,
    budget: budgetInWords(steps),
    finding: findingOf(protocol),
    facts: facts?.body.facts ?? null,
    verdict: verdict && { name: verdict.body.verdict.verdict, because: verdict.body.verdict.because, act: verdict.act },
    criteria: criteriaOf(
      verdict?.body.verdict ?? { gate: last(steps, 'gate')?.body.result ?? null, criteria: [] },
      protocol,
      results,
    ),
    claim: claim && claimOf(claim.act, claim.body, protocol, results),
    plan: plan && { ...plan.body.plan, act: plan.act },
    remarks: last(steps, 'review')?.body.remarks ?? [],
    deviations: deviationsOf(steps),
    figures: figuresOf(results, tensors, protocol, claim?.body.claim ?? null),
    agreements: agreementsOf(results, tensors),
    steps: steps.map(stepLine),
    receipts: receiptsOf(results),
  };
}

/** Returns the artifacts whose tensors the view is made of. */
export function tensorsNeeded(results: readonly Result[]): Set<string> {
  return new Set([...tensorsDrawn(results), ...tensorsCompared(results)]);
}

function last<K extends StepKind>(steps: readonly Step[], kind: K): { act: string; body: StepOf<K> } | null {
  const step = steps.findLast((item) => item.body.kind === kind);
  return step === undefined ? null : { act: step.act, body: step.body as StepOf<K> };
}

function withoutProtocol({ protocol: _protocol, ...run }: Run): RunView['run'] {
  return run;
}

function findingOf(protocol: Protocol): RunView['finding'] {
  const { title, section, arxiv } = protocol.source;
  return {
    says: protocol.claim,
    source: `${title}, ${section}`,
    arxiv,
    behaviour: protocol.behaviour,
    known_on: protocol.known_on,
  };
}

function claimOf(act: string, body: StepOf<'claim'>, protocol: Protocol, results: readonly Result[]): ClaimView {
  const effects = effectsOf(results);
  const role = ([name, components]: [string, string[]]): RoleView => ({
    role: name,
    about: protocol.roles.find((item) => item.role === name)?.about ?? '',
    components: components.map((component) => ({ component, effect: effects.get(component) ?? null })),
  });
  const { roles, settings, statement, cites } = body.claim;
  return {
    act,
    sha256: body.sha256,
    roles: Object.entries(roles).map(role),
    settings: Object.entries(settings).map(([name, value]) => ({ name, value: JSON.stringify(value) })),
    statement,
    cites: citesOf(cites),
  };
}

/** Claims from before evidence had kinds cite a list of acts. */
function citesOf(cites: SealedClaim['cites']): ClaimView['cites'] {
  if (Array.isArray(cites)) return cites.length === 0 ? [] : [{ shows: 'the claim', acts: cites }];
  return Object.entries(cites).flatMap(([shows, acts]) => (acts === undefined ? [] : [{ shows, acts }]));
}

/** The search's own ranking, by which the components were claimed. */
function effectsOf(results: readonly Result[]): Map<string, number> {
  const effects = new Map<string, number>();
  for (const { phase, output } of results) {
    if (phase !== 'search' || !Array.isArray(output['heads'])) continue;
    for (const row of output['heads'] as { component?: string; effect?: number; score?: number }[]) {
      const effect = row.effect ?? row.score;
      if (row.component && effect !== undefined && !effects.has(row.component)) effects.set(row.component, effect);
    }
  }
  return effects;
}

function receiptsOf(results: readonly Result[]): RunView['receipts'] {
  return results.flatMap(({ act, tool, output }) =>
    output['receipt'] ? [{ act, tool, receipt: output['receipt'] as unknown as Receipt }] : [],
  );
}
