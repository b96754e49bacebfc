/**
 * Replays a run: graph, planner, gate, protocol, checkers and verdict decide anew, with nothing but the record before them. Answers
 * of tools are read from it by act. The outcome is where the first decision differs, or that none does.
 */
import { MemorySaver } from '@langchain/langgraph-checkpoint';
import type * as z from 'zod';
import { runAgent } from '../../agents/index.ts';
import {
  type Engine,
  type ModelFacts,
  type Phase,
  Protocol,
  type Run,
  type Step,
  type StepOf,
} from '../contract/index.ts';
import {
  agentPorts,
  CALL_MS,
  judge,
  openedBody,
  type Prepared,
  prepareBehaviour,
  RecordingToolRunner,
  RunPurse,
  silenceTracing,
} from '../job/index.ts';
import { offline } from './offline.ts';
import { type ReplayPlanner, replayPlanner } from './planner.ts';
import { brokenStep, type Difference, Differs, RecordEnds, RecordedSteps } from './recorded.ts';

type Versions = Parameters<typeof openedBody>[1];

export interface Replayed {
  readonly run: string;
  /** Steps that came out again. */
  readonly steps: number;
  /** Steps of the record. */
  readonly of: number;
  readonly planner: ReplayPlanner['how'];
  /** True where the seal was reached again; false where the record was cut off before. */
  readonly sealed: boolean;
  /** null: everything that was decided is what is recorded. */
  readonly difference: Difference | null;
}

/** Contract: opens no socket, starts no process, writes nothing. @throws Refusal where the run's behaviour or protocol is unknown here */
export async function replay(run: Run, steps: readonly Step[]): Promise<Replayed> {
  silenceTracing();
  const { planner, how } = replayPlanner(run.planner, steps);
  const protocol = Protocol.parse(run.protocol);
  const behaviour = prepareBehaviour(protocol);
  const recorded = new RecordedSteps(steps, how === 'from the record' ? 'given' : 'decided');
  const deciding = { protocol, planner, model: run.model, seed: run.seed, ...behaviour };
  const found = earlier(await differenceOf(() => decide(deciding, recorded, behaviour.splits)), changedStep(steps));
  const done = recorded.steps();
  const sealed = done.at(-1)?.body.kind === 'sealed';
  const count = found === null ? done.length : found.step - 1;
  return { run: run.run, steps: count, of: steps.length, planner: how, sealed, difference: found };
}

async function differenceOf(work: () => Promise<void>): Promise<Difference | null> {
  try {
    await offline(work);
  } catch (error) {
    if (error instanceof Differs) return error.difference;
    if (!(error instanceof RecordEnds)) throw error;
  }
  return null;
}

/** A step that was changed after it was recorded differs there, even where no decision depended on what was changed. */
function changedStep(steps: readonly Step[]): Difference | null {
  const step = brokenStep(steps);
  if (step === undefined) return null;
  const why = 'it does not have the hash under which it was recorded';
  return { step: step.seq, recorded: step.act, replayed: null, why, changes: [] };
}

function earlier(first: Difference | null, second: Difference | null): Difference | null {
  if (first === null || second === null) return first ?? second;
  return first.step <= second.step ? first : second;
}

type Deciding = Parameters<typeof judge>[0];

async function decide(deciding: Deciding, recorded: RecordedSteps, splits: Prepared['splits']): Promise<void> {
  const opened = recorded.given('opened') as StepOf<'opened'>;
  const { engine, versions, forked, budget } = opened;
  const now = openedBody({ ...deciding, splits, budget, engine: engine as Engine }, versions as Versions);
  recorded.record('opened', forked === undefined ? now : { ...now, forked });
  const search = factsIn(recorded, 'facts/search');
  const tools = toolsOf(recorded, 'search', search);
  const checkpointer = new MemorySaver();
  const { signal } = new AbortController();
  const purse = new RunPurse(recorded, null);
  const ports = agentPorts(deciding, search, { recorder: recorded, purse, tools, signal });
  await runAgent(ports, { thread: 'replay', checkpointer });
  const heldOut = factsIn(recorded, 'facts/held-out');
  const verified = { recorder: recorded, tools: toolsOf(recorded, 'verify', heldOut) };
  const { verdict } = await judge(deciding, heldOut, verified);
  recorded.record('sealed', { kind: 'sealed', steps: recorded.steps().length + 1, verdict });
  recorded.finish();
}

/** What the worker found in the model is a measurement: it stands in the record. */
function factsIn(recorded: RecordedSteps, act: string): ModelFacts {
  return (recorded.given(act) as StepOf<'model-facts'>).facts;
}

function toolsOf(recorder: RecordedSteps, phase: z.infer<typeof Phase>, facts: ModelFacts): RecordingToolRunner {
  return new RecordingToolRunner({
    phase,
    recorder,
    facts,
    worker: async () => recorder.answer(),
    recall: () => recorder.answer(),
    callMs: CALL_MS,
    signal: new AbortController().signal,
    onEvent: () => undefined,
  });
}
