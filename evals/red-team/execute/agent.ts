/** Attacks by whoever decides: a planner of ours that lies, and a language model that does. */
import { type Planner, plannerNamed } from '../../../agents/index.ts';
import { outside } from '../../../src/job/index.ts';
import { startMessagesServer } from '../../servers/messages/server.ts';
import { Script } from '../../servers/script.ts';
import { type Bench, type Ending, endingOf, FINDING, MODEL, SEED, trajectory } from '../bench.ts';
import { decided } from '../offline.ts';
import { lyingPlanner } from '../planner.ts';
import type { AttackOf } from '../schema.ts';

export const KEY = 'sk-red-team';

export async function agent(attack: AttackOf<'agent'>, bench: Bench): Promise<Ending> {
  const planner = lyingPlanner(attack);
  if (!attack.measured) return unmeasured(planner);
  const model = attack.on === 'twin' ? await bench.twin() : MODEL;
  return bench.at(({ means }) => endingOf({ ...means, finding: FINDING, model, planner, seed: SEED }));
}

export async function replies({ turns }: AttackOf<'replies'>): Promise<Ending> {
  const server = await startMessagesServer({ script: Script.parse({ about: 'a red team', turns }), key: KEY });
  try {
    return await unmeasured(anthropicAt(server.url));
  } finally {
    await server.close();
  }
}

/** The planner `anthropic`, asking a local server. */
export function anthropicAt(baseURL: string): Planner {
  const planner = plannerNamed('anthropic', { ...outside, anthropic: () => ({ apiKey: KEY, baseURL }) });
  if (planner === undefined) throw new Error('there is no planner anthropic');
  return planner;
}

async function unmeasured(planner: Planner): Promise<Ending> {
  const { verdict } = await decided({ from: trajectory('induction'), planner });
  return { ends: verdict.verdict, because: verdict.because };
}
