/** Claims that nobody found, in the place of one that was, through the verification of the protocol. */
import { join } from 'node:path';
import type { Claim, JsonObject, ModelFacts, Protocol, VerdictName } from '../../../src/contract/index.ts';
import { prepareBehaviour, prepareRequests, SharingToolRunner, wouldPass } from '../../../src/job/index.ts';
import { WorkerHandle, workerPython } from '../../../src/worker/index.ts';
import { claimOfAnyLayers, randomClaim } from '../random-claim.ts';

export interface Nulls {
  readonly claims: number;
  /** Of them, those whose heads are of any layers: there are no more different sets of the claim's own layers. */
  readonly of_any_layers: number;
  readonly reproduced: number;
  readonly partial: number;
  /** The verdict on the claim itself, judged among them. */
  readonly own: VerdictName | null;
  /** Random claims by what they came to. */
  readonly verdicts: Readonly<Record<string, number>>;
}

interface Asked {
  readonly protocol: Protocol;
  readonly model: string;
  readonly nulls: number;
  readonly folder: string;
  readonly seed: number;
}

/** Draws for each random claim that is asked for; where so many find nothing new, there is nothing new. */
const TRIES = 20;

/** Judges different random claims on the held-out half, in one worker that shares what does not depend on them. */
export async function nullsOf({ protocol, model, nulls, folder, seed }: Asked, claim: Claim): Promise<Nulls> {
  const { request } = prepareRequests({ protocol, model, artifacts: join(folder, 'artifacts') });
  const handle = await WorkerHandle.open({ python: workerPython() }, request('held-out'));
  try {
    const tools = new SharingToolRunner((tool, input: JsonObject) => handle.call(tool, input));
    const job = { protocol, model, facts: handle.facts, tasks: prepareBehaviour(protocol).tasks, tools, seed };
    const { claims, of_any_layers } = randomClaims(claim, handle.facts, nulls);
    const own = await wouldPass(job, claim);
    const verdicts: Record<string, number> = {};
    for (const one of claims) {
      const { verdict } = await wouldPass(job, one);
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    }
    return {
      claims: claims.length,
      of_any_layers,
      own: own.verdict,
      reproduced: verdicts['reproduced'] ?? 0,
      partial: verdicts['partial'] ?? 0,
      verdicts,
    };
  } finally {
    await handle.stop();
  }
}

/** Returns different random claims of as many heads, of the claim's own layers as far as there are so many, else of any. */
export function randomClaims(
  claim: Claim,
  facts: ModelFacts,
  wanted: number,
): { claims: Claim[]; of_any_layers: number } {
  const found = new Map<string, Claim>();
  const own = JSON.stringify(claim.roles);
  const sizes = ({ roles }: Claim): string => JSON.stringify(Object.values(roles).map(({ length }) => length));
  const draw = (random: typeof randomClaim): void => {
    for (let seed = 1; found.size < wanted && seed <= wanted * TRIES; seed++) {
      const one = random(claim, facts, seed);
      const key = JSON.stringify(one.roles);
      if (key !== own && sizes(one) === sizes(claim) && !found.has(key)) found.set(key, one);
    }
  };
  draw(randomClaim);
  const matched = found.size;
  draw(claimOfAnyLayers);
  return { claims: [...found.values()], of_any_layers: found.size - matched };
}
