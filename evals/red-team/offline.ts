/**
 * A run that is decided anew without a worker: the true graph, gate, checkers and verdict, with the measurements of a committed
 * trajectory. Hundreds of attacks on decisions cost seconds this way. Nothing is written to disk.
 */
import { MemorySaver } from '@langchain/langgraph-checkpoint';
import { type Planner, type Recorder, runAgent } from '../../agents/index.ts';
import {
  hashOf,
  type JsonObject,
  type ModelFacts,
  type Plan,
  Protocol,
  Refusal,
  type SealedClaim,
  type Step,
  type StepBody,
  type Verdict,
} from '../../src/contract/index.ts';
import {
  agentPorts,
  CALL_MS,
  judge,
  prepareBehaviour,
  RecordingToolRunner,
  silenceTracing,
} from '../../src/job/index.ts';
import { toStep, type trajectory } from './bench.ts';

export interface Decided {
  readonly plan: Plan | null;
  readonly claim: SealedClaim | null;
  readonly verdict: Verdict;
}

type Change = (output: JsonObject) => JsonObject;

export interface Offline {
  readonly from: ReturnType<typeof trajectory>;
  readonly planner: Planner;
  /** Changes the protocol before the run. */
  readonly protocol?: (protocol: Protocol) => Protocol;
  /** Changes what the search's tools answered. */
  readonly output?: Change;
  /** Why a call is refused that the trajectory does not hold. */
  readonly refusal?: string;
}

export async function decided({
  from,
  planner,
  protocol: change = (same) => same,
  output = (same) => same,
  refusal = 'the committed run, whose measurements are used, has none of that name',
}: Offline): Promise<Decided> {
  silenceTracing();
  const steps = from.recorded.steps.map(toStep);
  const { model, seed, protocol: frozen } = from.recorded.run;
  const protocol = change(Protocol.parse(JSON.parse(frozen)));
  const deciding = { protocol, planner, model, seed, ...prepareBehaviour(protocol) };
  const recorder = new InMemory();
  const facts = (act: string) => {
    const body = steps.find((step) => step.act === act)?.body;
    if (body?.kind !== 'model-facts') throw new Error(`the trajectory has no ${act}`);
    return body.facts;
  };
  const { signal } = new AbortController();
  const purse = { calls: undefined, spent: () => null };
  const search = toolsOf(recorder, steps, { phase: 'search', facts: facts('facts/search'), output, refusal });
  const ports = agentPorts(deciding, facts('facts/search'), { recorder, purse, tools: search, signal });
  await runAgent(ports, { thread: 'offline', checkpointer: new MemorySaver() });
  const verification = toolsOf(recorder, steps, {
    phase: 'verify',
    facts: facts('facts/held-out'),
    output: (same) => same,
    refusal,
  });
  const verified = { recorder, tools: verification };
  const verdict = await judge(deciding, facts('facts/held-out'), verified);
  const bodies = recorder.steps().map(({ body }) => body);
  const plan = bodies.find((body) => body.kind === 'plan');
  const claim = bodies.find((body) => body.kind === 'claim');
  return {
    plan: plan?.kind === 'plan' ? plan.plan : null,
    claim: claim?.kind === 'claim' ? claim.claim : null,
    verdict,
  };
}

class InMemory implements Recorder {
  readonly #steps: Step[] = [];

  record(act: string, body: StepBody): Step {
    const known = this.step(act);
    if (known) return known;
    const step = {
      run: 'offline',
      seq: this.#steps.length + 1,
      act,
      at: '',
      body,
      content: hashOf({ act, body }),
      hash: '',
    };
    this.#steps.push(step);
    return step;
  }

  step(act: string): Step | undefined {
    return this.#steps.find((step) => step.act === act);
  }

  steps(): readonly Step[] {
    return this.#steps;
  }
}

interface Asked {
  readonly phase: 'search' | 'verify';
  readonly facts: ModelFacts;
}

/** The true runner of tools, with the answers of the trajectory by act; a call that it does not hold is refused. */
function toolsOf(
  recorder: InMemory,
  steps: readonly Step[],
  { phase, facts, output, refusal }: Required<Pick<Offline, 'output' | 'refusal'>> & Pick<Asked, 'phase' | 'facts'>,
): RecordingToolRunner {
  const answer = (): JsonObject => {
    const act = recorder.steps().findLast(({ body }) => body.kind === 'tool-call')?.act ?? '';
    const body = steps.find((step) => step.act === `${act}/result`)?.body;
    if (body?.kind === 'tool-result') return output(body.output as JsonObject);
    throw new Refusal({
      code: 'not-recorded',
      what: `the call ${act} was made`,
      why: refusal,
      instead: 'follow the procedure, or let the fixture be measured',
    });
  };
  return new RecordingToolRunner({
    phase,
    recorder,
    facts,
    worker: async () => answer(),
    recall: () => ({ cells: [] }),
    callMs: CALL_MS,
    signal: new AbortController().signal,
    onEvent: () => undefined,
  });
}
