/** One row of the calibration: a run, its claim against known heads, random claims, and a twin. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import {
  type Claim,
  type JsonObject,
  type ModelFacts,
  PermuteResult,
  type Protocol,
  type VerdictName,
} from '../../../src/contract/index.ts';
import {
  prepareBehaviour,
  prepareRequests,
  runJob,
  SharingToolRunner,
  type Verified,
  wouldPass,
} from '../../../src/job/index.ts';
import { loadModelCard, loadReference } from '../../../src/protocol/index.ts';
import { root } from '../../../src/root.ts';
import { openRecord } from '../../../src/store/index.ts';
import { startWorker, WorkerHandle, workerPython } from '../../../src/worker/index.ts';
import { randomClaim } from '../random-claim.ts';
import { recallOf } from './counts.ts';

export interface Calibrated {
  readonly finding: string;
  readonly model: string;
  readonly protocol_sha256: string;
  readonly weights_sha256: string;
  readonly verdict: VerdictName | null;
  readonly claim: Readonly<Record<string, readonly string[]>>;
  readonly roles: readonly {
    readonly role: string;
    readonly claimed: number;
    readonly known_by: 'card' | 'reference' | '–';
    readonly recall: number | null;
    readonly precision: number | null;
  }[];
  readonly nulls: {
    readonly claims: number;
    readonly reproduced: number;
    readonly partial: number;
    /** Different ones; where there are fewer than claims, each is judged on several draws of prompts. */
    readonly sets: number;
    /** The verdict on the claim itself, judged among them. */
    readonly own: VerdictName | null;
    /** Random claims by what they came to. */
    readonly verdicts: Readonly<Record<string, number>>;
  };
  readonly twin: { readonly same: boolean; readonly says: string };
}

interface Asked {
  readonly protocol: Protocol;
  readonly model: string;
  readonly nulls: number;
  readonly folder: string;
}

/** Another than those by which references were measured. */
const SEED = 7;
/** Draws for each random claim that is asked for; where so many find nothing new, there is nothing new. */
const TRIES = 20;

export async function calibrateFinding(asked: Asked): Promise<Calibrated> {
  mkdirSync(asked.folder, { recursive: true });
  const found = await searched(asked, asked.model, 'original');
  const { protocol, model } = asked;
  const base = {
    finding: protocol.finding,
    model,
    protocol_sha256: found.protocol_sha256,
    weights_sha256: found.facts?.weights_sha256 ?? '',
    verdict: found.verdict,
  };
  if (found.claim === null || found.facts === null)
    return {
      ...base,
      claim: {},
      roles: [],
      nulls: { claims: 0, sets: 0, own: null, reproduced: 0, partial: 0, verdicts: {} },
      twin: { same: false, says: 'not asked' },
    };
  return {
    ...base,
    claim: found.claim.roles,
    roles: Object.entries(found.claim.roles).map(([role, heads]) => rowOf(protocol, model, role, heads)),
    nulls: await nullsOf(asked, found.claim),
    twin: await twinOf(asked, found),
  };
}

interface Searched {
  readonly verdict: VerdictName | null;
  readonly protocol_sha256: string;
  readonly claim: Claim | null;
  readonly facts: ModelFacts | null;
}

/** A whole run by the published procedure. @param model card or folder */
async function searched({ protocol, folder }: Asked, model: string, name: string): Promise<Searched> {
  const record = openRecord(join(folder, `${name}.db`));
  try {
    const means = {
      record,
      artifacts: join(folder, 'artifacts'),
      checkpoints: join(folder, `${name}-agent.db`),
      python: workerPython(),
    };
    const run = await runJob({ ...means, finding: protocol.finding, model, planner: 'scripted', seed: SEED });
    const bodies = record.steps(run.run).map(({ body }) => body);
    const claim = bodies.find((body) => body.kind === 'claim');
    const facts = bodies.find((body) => body.kind === 'model-facts');
    return {
      verdict: run.verdict,
      protocol_sha256: run.protocol_sha256,
      claim: claim?.kind === 'claim' ? (claim.claim as Claim) : null,
      facts: facts?.kind === 'model-facts' ? facts.facts : null,
    };
  } finally {
    record.close();
  }
}

function rowOf(protocol: Protocol, model: string, role: string, heads: readonly string[]): Calibrated['roles'][number] {
  const known = knownHeads(protocol, model, role, heads.length);
  if (known === null) return { role, claimed: heads.length, known_by: '–', recall: null, precision: null };
  return { role, claimed: heads.length, known_by: known.by, ...recallOf(heads, known.heads) };
}

/** Returns how many roles of a finding have heads that are known on an organism. */
export const rolesKnown = (protocol: Protocol, model: string): number =>
  protocol.roles.filter(({ role }) => knownHeads(protocol, model, role, 1) !== null).length;

const Card = z.looseObject({
  weights_sha256: z.string(),
  planted: z.record(z.string(), z.array(z.string())).optional(),
});

interface Known {
  readonly by: 'card' | 'reference';
  readonly heads: readonly string[];
}

/** Of a reference, which is one ranking, as many heads as were claimed; a finding of several roles has none for each. */
function knownHeads(protocol: Protocol, model: string, role: string, claimed: number): Known | null {
  const { where } = loadModelCard(model);
  if (where.kind !== 'organism') return null;
  const card = Card.parse(JSON.parse(readFileSync(join(root, where.folder, 'card.json'), 'utf8')));
  const planted = card.planted?.[role];
  if (planted !== undefined) return { by: 'card', heads: planted };
  const reference = loadReference(protocol.finding);
  if (reference?.weights_sha256 !== card.weights_sha256 || protocol.roles.length > 1) return null;
  return { by: 'reference', heads: reference.ranking.slice(0, claimed).map(({ component }) => component) };
}

/** Judges different random claims on the held-out half, in one worker that shares what does not depend on them. */
async function nullsOf({ protocol, model, nulls, folder }: Asked, claim: Claim): Promise<Calibrated['nulls']> {
  const { request } = prepareRequests({ protocol, model, artifacts: join(folder, 'artifacts') });
  const handle = await WorkerHandle.open({ python: workerPython() }, request('held-out'));
  try {
    const tools = new SharingToolRunner((tool, input: JsonObject) => handle.call(tool, input));
    const { tasks } = prepareBehaviour(protocol);
    const sets = different(claim, handle.facts, nulls);
    const rounds = sets.length === 0 ? 0 : Math.ceil(nulls / sets.length);
    const verdicts: Record<string, number> = {};
    const judged = { protocol, model, facts: handle.facts, tasks, tools };
    const own = await wouldPass({ ...judged, seed: SEED }, claim);
    for (let round = 0; round < rounds; round++) {
      const job: Verified = { ...judged, seed: SEED + round };
      for (const one of sets) {
        const { verdict } = await wouldPass(job, one);
        verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      }
    }
    const claims = rounds * sets.length;
    return {
      claims,
      sets: sets.length,
      own: own.verdict,
      reproduced: verdicts['reproduced'] ?? 0,
      partial: verdicts['partial'] ?? 0,
      verdicts,
    };
  } finally {
    await handle.stop();
  }
}

function different(claim: Claim, facts: ModelFacts, wanted: number): Claim[] {
  const found = new Map<string, Claim>();
  const own = JSON.stringify(claim.roles);
  for (let seed = 1; found.size < wanted && seed <= wanted * TRIES; seed++) {
    const random = randomClaim(claim, facts, seed);
    const key = JSON.stringify(random.roles);
    if (key !== own) found.set(key, random);
  }
  return [...found.values()];
}

/** Searches a twin anew; its claim, each head named as in the original, must be the same. */
async function twinOf(asked: Asked, original: Searched): Promise<Calibrated['twin']> {
  const { where } = loadModelCard(asked.model);
  if (where.kind !== 'organism') return { same: false, says: 'no organism' };
  const out = join(asked.folder, 'twin');
  const heads = await permuted(join(root, where.folder), out);
  const twin = await searched(asked, out, 'twin');
  const moved = (component: string): string =>
    component.replace(
      /^a(\d+)\.h(\d+)$/,
      (_, layer: string, head: string) => `a${layer}.h${heads[Number(layer)]?.[Number(head)]}`,
    );
  const setsOf = (claim: Claim | null, name: (component: string) => string): string =>
    JSON.stringify(Object.entries(claim?.roles ?? {}).map(([role, all]) => [role, all.map(name).sort()]));
  const claimed = setsOf(twin.claim, moved) === setsOf(original.claim, (component) => component);
  const judged = twin.verdict === original.verdict;
  return {
    same: claimed && judged,
    says: `${claimed ? 'same heads' : 'other heads'}, ${judged ? 'same verdict' : `verdict ${twin.verdict}`}`,
  };
}

async function permuted(folder: string, out: string): Promise<readonly (readonly number[])[]> {
  const worker = await startWorker({ python: workerPython() });
  try {
    return PermuteResult.parse(await worker.call('permute_heads', { folder, out, seed: SEED })).heads;
  } finally {
    await worker.stop();
  }
}
