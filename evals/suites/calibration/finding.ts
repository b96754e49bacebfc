/** One row of the calibration: a run, its claim against known heads, random claims, and a twin. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Claim,
  type ModelFacts,
  PermuteResult,
  type Protocol,
  type VerdictName,
} from '../../../src/contract/index.ts';
import { runJob } from '../../../src/job/index.ts';
import { loadModelCard } from '../../../src/protocol/index.ts';
import { root } from '../../../src/root.ts';
import { openRecord } from '../../../src/store/index.ts';
import { startWorker, workerPython } from '../../../src/worker/index.ts';
import { recallOf } from './counts.ts';
import { type Nulls, nullsOf } from './nulls.ts';
import { knownHeads } from './places.ts';

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
  readonly nulls: Nulls;
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
      nulls: { claims: 0, of_any_layers: 0, own: null, reproduced: 0, partial: 0, verdicts: {} },
      twin: { same: false, says: 'not asked' },
    };
  return {
    ...base,
    claim: found.claim.roles,
    roles: rolesOf(protocol, model, found.claim.roles),
    nulls: await nullsOf({ ...asked, seed: SEED }, found.claim),
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
    if (run.state !== 'sealed') throw new Error(`${protocol.finding} on ${model} is ${run.state}: ${run.note}`);
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

/** Roles for which nothing is claimed have a row too: what is known of them was missed. */
function rolesOf(protocol: Protocol, model: string, claim: Calibrated['claim']): Calibrated['roles'] {
  return protocol.roles.map(({ role }) => {
    const heads = claim[role] ?? [];
    const known = knownHeads(protocol, model, role, heads.length);
    const found = known === null ? { recall: null, precision: null } : recallOf(heads, known.heads);
    return { role, claimed: heads.length, known_by: known?.by ?? '–', ...found };
  });
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
