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

/** What must exceed every control set must exceed the first of them: so many are measured, before all are. */
const FIRST_SETS = [1, 4];

/**
 * As `verifyClaim`, where only a pass is asked for: core criteria one after another, those that need no control sets first. The first
 * that fails there fails in the whole too, and nothing more is measured; a claim that gets past all of them is measured whole.
 */
export async function wouldPass(job: Verified, claim: SealedClaim): Promise<Verdict> {
  for (const criterion of coreOf(job.protocol)) {
    const only = askingOnly(job.protocol, criterion);
    const fewer = criterion.kind === 'exceeds-null' ? FIRST_SETS.map((sets) => withSets(only, sets)) : [];
    for (const protocol of [...fewer, only]) {
      const first = await verifyClaim({ ...job, protocol }, claim);
      if (first.verdict === 'not-reproduced') return first;
    }
  }
  return verifyClaim(job, claim);
}

/** The protocol with the first sets of each control alone; fewer sets are the beginning of more. */
function withSets(protocol: Protocol, sets: number): Protocol {
  return {
    ...protocol,
    controls: protocol.controls.map((control) => ({ ...control, sets: Math.min(sets, control.sets) })),
  };
}

/** Core criteria, cheap ones first: what is measured over control sets is measured once for each of them. */
function coreOf(protocol: Protocol): Criterion[] {
  const { known_model, new_model } = protocol.criteria;
  const core = [...new_model, ...known_model].filter(({ weight }) => weight === 'core');
  const controlled = (criterion: Criterion): boolean =>
    neededBy(protocol, criterion).some((item) => 'over' in item && item.over !== undefined);
  return [...core.filter((criterion) => !controlled(criterion)), ...core.filter(controlled)];
}

/** The protocol with one criterion, and with the measurements that it rests on. */
function askingOnly(protocol: Protocol, criterion: Criterion): Protocol {
  const { known_model, new_model } = protocol.criteria;
  const same = (other: Criterion): boolean => other.id === criterion.id;
  return {
    ...protocol,
    measurements: neededBy(protocol, criterion),
    criteria: { known_model: known_model.filter(same), new_model: new_model.filter(same) },
  };
}

function neededBy({ measurements }: Protocol, criterion: Criterion): Protocol['measurements'] {
  const needed = new Set(pathsIn(criterion).map(nameIn));
  for (const item of measurements.toReversed())
    if (needed.has(item.name))
      for (const name of 'pick' in item ? wantsOfPick(item.pick) : wants(item.input)) needed.add(name);
  return measurements.filter(({ name }) => needed.has(name));
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
