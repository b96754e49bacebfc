/**
 * Follows the published procedure of a protocol, step by step, and claims what the protocol says to claim from its results.
 * It knows nothing of any finding and keeps nothing between two questions.
 */
import { type Cites, type Json, type JsonObject, Refusal } from '../../src/contract/index.ts';
import { evaluate, pick, type Scope, wants, wantsOfPick } from '../../src/expression/index.ts';
import type { Action } from '../action.ts';
import type { Observation, Planner } from '../ports.ts';

export const scripted = {
  id: 'scripted',
  async next(observation: Observation): Promise<Action> {
    if (observation.complaint !== null) return { kind: 'give-up', reason: observation.complaint };
    return observation.plan === null ? planOf(observation) : nextOf(observation);
  },
} satisfies Planner;

function planOf({ protocol }: Observation): Action {
  const items = protocol.procedure.flatMap((item) =>
    'tool' in item ? [{ name: item.name, tool: item.tool, serves: item.serves }] : [],
  );
  return {
    kind: 'plan',
    plan: { intent: `Follow the published procedure of ${protocol.finding}: ${protocol.source.title}.`, items },
  };
}

/** A refused step is passed over: the procedure goes on for as long as nothing that it still needs is missing. */
function nextOf(observation: Observation): Action {
  const scope = scopeOf(observation);
  const missing: Record<string, string> = {};
  for (const { name, failure } of observation.refusals) missing[name] = sentence(failure);
  const { gate, procedure } = observation.protocol;
  for (const item of [...gate.measure.filter((item) => 'pick' in item), ...procedure]) {
    if (item.name in scope.values || item.name in missing) continue;
    try {
      if ('tool' in item) {
        const input = evaluate(item.input, scope) as JsonObject;
        return {
          kind: 'tool',
          name: item.name,
          tool: item.tool,
          input,
          serves: item.serves,
          because: 'published procedure',
        };
      }
      scope.values[item.name] = pick(item.pick, scope.values);
    } catch (error) {
      missing[item.name] = reasonFor(error, 'tool' in item ? wants(item.input) : wantsOfPick(item.pick), missing);
    }
  }
  return claimOf(observation, scope, missing);
}

function claimOf({ protocol, results }: Observation, scope: Scope, missing: Record<string, string>): Action {
  try {
    const found = evaluate(protocol.claim_from.roles, scope) as Record<string, string[]>;
    const mayLack = new Set(protocol.roles.flatMap(({ role, at_least }) => (at_least === 0 ? [role] : [])));
    const roles = Object.fromEntries(Object.entries(found).filter(([role, of]) => of.length > 0 || !mayLack.has(role)));
    const settings = evaluate(protocol.claim_from.settings, scope) as Record<string, Json>;
    const words = Object.entries(roles).map(([role, components]) => `${role}: ${components.join(', ')}`);
    return {
      kind: 'claim',
      claim: {
        roles,
        settings,
        statement: `By the published procedure: ${words.join('; ')}.`,
        cites: citesOf(protocol.procedure, results),
      },
    };
  } catch (error) {
    return { kind: 'give-up', reason: reasonFor(error, wants(protocol.claim_from as Json), missing) };
  }
}

/** The procedure says which of its steps give which evidence; those that were refused give none. */
function citesOf(procedure: Observation['protocol']['procedure'], results: Observation['results']): Cites {
  const cites: Cites = {};
  for (const item of procedure) {
    const act = results[item.name]?.act;
    if (act === undefined || !('tool' in item)) continue;
    for (const kind of item.gives ?? []) cites[kind] = [...(cites[kind] ?? []), act];
  }
  return cites;
}

function scopeOf({ results, seed, protocol, facts }: Observation): Scope {
  const values: Record<string, Json> = {};
  for (const [name, { output }] of Object.entries(results)) values[name] = output;
  return { values, run: { seed }, model: facts, behaviour: { tasks: [...protocol.behaviour.tasks] } };
}

/** The first missing result that is wanted explains more than the expression's own refusal. */
function reasonFor(error: unknown, wanted: readonly string[], missing: Record<string, string>): string {
  if (!(error instanceof Refusal)) throw error;
  const cause = wanted.find((name) => name in missing);
  return cause === undefined ? error.message : (missing[cause] ?? error.message);
}

function sentence({ what, why, instead }: { what: string; why: string; instead: string }): string {
  return `${what}: ${why}. Instead: ${instead}.`;
}
