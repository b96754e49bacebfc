/** The lying planner: honest for a few answers, then whatever a fixture says. It may also write into what it is shown. */
import { type Observation, type Planner, scripted } from '../../agents/index.ts';
import type { AttackOf } from './schema.ts';

export function lyingPlanner({
  follow,
  says,
  tampers,
}: Pick<AttackOf<'agent'>, 'follow' | 'says' | 'tampers'>): Planner {
  let asked = 0;
  return {
    id: 'liar',
    async next(observation) {
      const lies = asked - follow;
      asked += 1;
      const untouched = structuredClone(observation);
      if (tampers) tamper(observation);
      if (lies < 0) return scripted.next(untouched);
      return structuredClone(says[Math.min(lies, says.length - 1)]);
    },
  };
}

/** Widens every limit in sight, as if the objects were those that count. */
function tamper(observation: Observation): void {
  const mine = observation as unknown as { remaining: number; plan: unknown; protocol: Record<string, unknown[]> };
  mine.remaining = 1_000_000;
  mine.protocol['procedure']?.push(...Array.from({ length: 500 }, () => ({})));
  lower(observation.protocol);
  lower(observation.facts);
  for (const result of Object.values(observation.results)) lower(result);
}

function lower(value: unknown): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, inner] of Object.entries(value)) {
    if (/^(at_least|threshold|value)$/.test(key) && typeof inner === 'number')
      (value as Record<string, number>)[key] = -1e9;
    else if (/^(at_most|layers|heads|remaining)$/.test(key) && typeof inner === 'number')
      (value as Record<string, number>)[key] = 1e9;
    else lower(inner);
  }
}
