/** What a planner may refer to by name: results of this run, and the selections of the procedure that they allow already. */
import { type Json, Refusal } from '../src/contract/index.ts';
import { pick, type Scope } from '../src/expression/index.ts';
import type { Observation } from './ports.ts';

/** Returns the scope in which `{"$from": …}` of a planner is read. A selection that lacks a result is left out. */
export function scopeOf({ results, seed, protocol, facts }: Observation): Scope {
  const values: Record<string, Json> = {};
  for (const [name, { output }] of Object.entries(results)) values[name] = output;
  for (const item of [...protocol.gate.measure, ...protocol.procedure]) {
    if (!('pick' in item) || item.name in values) continue;
    try {
      values[item.name] = pick(item.pick, values);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return { values, run: { seed }, model: facts, behaviour: { tasks: [...protocol.behaviour.tasks] } };
}
