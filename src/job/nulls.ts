/**
 * Whether a claim that nobody found would pass. Verdicts are those of the protocol's own verification; what it need not measure to
 * fail is not measured, so that hundreds of wrong claims can be judged in the time of a few.
 */
import type { ToolOutcome, ToolRunner } from '../../agents/index.ts';
import { findTool } from '../../tools/index.ts';
import {
  type Criterion,
  canonicalJson,
  type JsonObject,
  nameIn,
  type Protocol,
  pathsIn,
  Refusal,
  type SealedClaim,
  type Verdict,
} from '../contract/index.ts';
import { wants, wantsOfPick } from '../expression/index.ts';
import { referencesFor } from './references.ts';
import { type Verification, verify } from './verify.ts';

export type Verified = Omit<Verification, 'claim' | 'noClaim' | 'references' | 'record'>;

/** Returns the verdict on a claim, by the same measurements as in a run. */
export function verifyClaim(job: Verified, claim: SealedClaim): Promise<Verdict> {
  const references = referencesFor(job.protocol, job.model, job.facts);
  return verify({ ...job, claim, noClaim: '', references, record: () => undefined });
}

/**
 * As `verifyClaim`, where only a pass is asked for: first everything that needs no control sets. A core criterion that fails there
 * fails in the whole too; only a claim that gets past them is measured against controls.
 */
export async function wouldPass(job: Verified, claim: SealedClaim): Promise<Verdict> {
  const first = await verifyClaim({ ...job, protocol: withoutControls(job.protocol) }, claim);
  return first.verdict === 'not-reproduced' ? first : verifyClaim(job, claim);
}

/** The protocol without what is measured over control sets, and without what rests on that. */
function withoutControls(protocol: Protocol): Protocol {
  const dependent = new Set<string>();
  for (const item of protocol.measurements) {
    const reads = 'pick' in item ? wantsOfPick(item.pick) : wants(item.input);
    if (('over' in item && item.over) || reads.some((name) => dependent.has(name))) dependent.add(item.name);
  }
  const free = (criterion: Criterion): boolean => !pathsIn(criterion).some((path) => dependent.has(nameIn(path)));
  const { known_model, new_model } = protocol.criteria;
  return {
    ...protocol,
    measurements: protocol.measurements.filter(({ name }) => !dependent.has(name)),
    criteria: { known_model: known_model.filter(free), new_model: new_model.filter(free) },
  };
}

/** Runs tools without a record; the same call is made once, so that what does not depend on a claim is shared by all. */
export class SharingToolRunner implements ToolRunner {
  readonly #worker: (tool: string, input: JsonObject) => Promise<JsonObject>;
  readonly #known = new Map<string, ToolOutcome>();

  constructor(worker: (tool: string, input: JsonObject) => Promise<JsonObject>) {
    this.#worker = worker;
  }

  async call(_act: string, name: string, input: JsonObject): Promise<ToolOutcome> {
    const tool = findTool(name);
    const filled = tool?.input.parse(input) as JsonObject;
    const key = canonicalJson([name, filled]);
    const known = this.#known.get(key) ?? (await this.#make(name, filled));
    this.#known.set(key, known);
    return known;
  }

  async #make(name: string, input: JsonObject): Promise<ToolOutcome> {
    try {
      const output = findTool(name)?.output.parse(await this.#worker(name, input)) as JsonObject;
      return { kind: 'result', output, artifacts: [] };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { kind: 'refusal', failure: error.failure };
    }
  }
}
