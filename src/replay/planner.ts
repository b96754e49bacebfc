/** Who answers in a replay: the planner itself where its answers follow from what it is shown, else the answers in the record. */
import { type Action, isOpinion, type Opinion, type Planner, scripted } from '../../agents/index.ts';
import { canonicalJson, type JsonObject, Refusal, type SealedClaim, type Step } from '../contract/index.ts';
import { plannerCalled } from '../job/index.ts';

export interface ReplayPlanner {
  readonly planner: Planner;
  /** `from its replies`: it reads the recorded replies of its language model again, and is told what it was told. */
  readonly how: 'asked again' | 'from its replies' | 'from the record';
}

export function replayPlanner(id: string, steps: readonly Step[]): ReplayPlanner {
  if (id === scripted.id) return { planner: scripted, how: 'asked again' };
  const opened = steps[0]?.body;
  const settings = opened?.kind === 'opened' ? opened.planner_settings : undefined;
  const planner = settings === undefined ? undefined : sameAs(id, settings);
  if (planner) return { planner, how: 'from its replies' };
  return { planner: { ...recordedPlanner(id, steps), settings }, how: 'from the record' };
}

/** A planner that asks a language model, where its prompts and tools are those of the record. */
function sameAs(id: string, settings: JsonObject): Planner | undefined {
  try {
    const planner = plannerCalled(id);
    return canonicalJson(planner.settings ?? null) === canonicalJson(settings) ? planner : undefined;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Gives the recorded actions in order. It counts what it has said by what it is shown, so that it keeps no state. */
function recordedPlanner(id: string, steps: readonly Step[]): Planner {
  const plan = steps.flatMap((step) => actionOf(step)).find(({ kind }) => kind === 'plan');
  const others = steps.flatMap((step) => actionOf(step)).filter(({ kind }) => kind !== 'plan');
  const opinion = recordedOpinion(steps);
  return {
    id,
    ...(opinion === undefined ? {} : { review: async () => opinion }),
    next: async (observation) => {
      if (observation.plan === null) return plan ?? others.at(-1) ?? null;
      const said = new Set([...Object.keys(observation.results), ...observation.refusals.map(({ name }) => name)]);
      const open =
        observation.review === null ? others : others.slice(others.findIndex(({ kind }) => kind === 'claim') + 1);
      return open.find((action) => action.kind !== 'tool' || !said.has(action.name)) ?? null;
    },
  };
}

/** What was said in its review: null where nothing that held, undefined where nobody was asked. */
function recordedOpinion(steps: readonly Step[]): Opinion | null | undefined {
  const review = steps.flatMap(({ body }) => (body.kind === 'review' ? [body] : []))[0];
  const { opinion: verdict, remarks = [] } = review ?? {};
  return verdict && { verdict, remarks: remarks.filter(isOpinion).map(({ acts, says }) => ({ cites: acts, says })) };
}

/** A claim from before evidence had kinds is given as it was. */
type Answer = Action | { readonly kind: 'claim'; readonly claim: SealedClaim };

/** The planner's action behind a step; steps that are not its own give none. */
function actionOf({ act, body }: Step): Answer[] {
  if (body.kind === 'plan') return [{ kind: 'plan', plan: body.plan }];
  if (body.kind === 'review' && body.one_more_round) return [{ kind: 'claim', claim: body.claim }];
  if (body.kind === 'claim') return [{ kind: 'claim', claim: body.claim }];
  if (body.kind === 'gave-up') return [{ kind: 'give-up', reason: body.reason }];
  const name = /^search\/\d+-(.+)$/.exec(act)?.[1];
  if (body.kind !== 'tool-call' || name === undefined) return [];
  const { tool, input, serves, because } = body;
  return [{ kind: 'tool', name, tool, input, serves, because }];
}
