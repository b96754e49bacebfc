/** A circuit that was found for one finding, judged by another: its components in every role, by that finding's own verification. */
import { type Engine, type Protocol, Refusal, type SealedClaim, type Verdict } from '../contract/index.ts';
import { type Log, WorkerHandle, workerPython } from '../worker/index.ts';
import { SharingToolRunner, verifyClaim } from './nulls.ts';
import { prepareBehaviour, prepareRequests } from './resolve.ts';
import { cancelOnSignals } from './signals.ts';

export interface Carried {
  readonly protocol: Protocol;
  readonly model: string;
  /** Of the circuit; another model has other heads under these names. */
  readonly weights_sha256: string;
  readonly components: readonly string[];
  readonly device?: string | undefined;
  readonly engine?: Engine | undefined;
  readonly artifacts: string;
  readonly log?: Log | undefined;
}

const SEED = 0;

/** @throws Refusal where the finding asks for more than components, or the weights are others now; Fault */
export async function carryCircuit({
  protocol,
  model,
  weights_sha256,
  components,
  log,
  ...where
}: Carried): Promise<Verdict> {
  const settings = Object.keys(protocol.claim_from.settings);
  if (settings.length > 0)
    throw refused(protocol.finding, `a claim of it names ${settings.join(' and ')} too, which the circuit has not`);
  const roles = Object.fromEntries(
    protocol.roles.map(({ role, kind }) => [
      role,
      components.filter((one) => one.startsWith('m') === (kind === 'mlp')),
    ]),
  );
  const empty = protocol.roles.find(({ role }) => roles[role]?.length === 0);
  if (empty)
    throw refused(protocol.finding, `its role ${empty.role} is of kind ${empty.kind}, and the circuit has none`);
  const { request } = prepareRequests({ protocol, model, ...where });
  const cancelling = cancelOnSignals();
  const options = { python: workerPython(), ...(log ? { log } : {}) };
  const call = { signal: cancelling.signal };
  const handle = await WorkerHandle.open(options, request('held-out'), call);
  try {
    if (handle.facts.weights_sha256 !== weights_sha256)
      throw refused(protocol.finding, `the weights of ${model} are others than those of the circuit`);
    const tools = new SharingToolRunner((tool, input) => handle.call(tool, input, call));
    const { tasks } = prepareBehaviour(protocol);
    const claim: SealedClaim = { roles, settings: {}, statement: 'A circuit of another finding.', cites: {} };
    return await verifyClaim({ protocol, model, facts: handle.facts, tasks, seed: SEED, tools }, claim);
  } finally {
    await handle.stop();
    cancelling.release();
  }
}

function refused(finding: string, why: string): Refusal {
  return new Refusal({
    code: 'not-carried',
    what: `a circuit cannot be held against ${finding}`,
    why,
    instead: 'name a finding whose claims are components alone',
  });
}
