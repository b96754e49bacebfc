/** The planners by name: one line each. */
import type { Planner } from '../ports.ts';
import { scripted } from './scripted.ts';

const planners = new Map<string, Planner>([scripted].map((planner) => [planner.id, planner]));

export const plannerNames: readonly string[] = [...planners.keys()];

export function plannerNamed(name: string): Planner | undefined {
  return planners.get(name);
}
