/**
 * What the agent needs from outside, and all that it can reach. Neither held-out prompts, nor reference values, nor the
 * criteria's evaluation stands here: what is not a port, an agent cannot touch.
 */
import type {
  ArtifactRef,
  Claim,
  CriterionResult,
  Deviation,
  Failure,
  Json,
  JsonObject,
  ModelFacts,
  Plan,
  Protocol,
  Remark,
  Step,
  StepBody,
} from '../src/contract/index.ts';
import type { Conversation } from './conversation.ts';

/** The part of a protocol that an agent reads. Measurements, controls and reference rankings are left out. */
export interface AgentView
  extends Pick<Protocol, 'finding' | 'claim' | 'source' | 'roles' | 'gate' | 'procedure' | 'claim_from' | 'evidence'> {
  readonly behaviour: { readonly name: string; readonly kind: string; readonly tasks: readonly string[] };
  /** The criteria in words: an agent may know what is asked, not how it is computed. */
  readonly criteria: readonly { readonly id: string; readonly says: string }[];
}

export interface NamedResult {
  readonly act: string;
  readonly tool: string;
  /** As it was called, with defaults filled in. */
  readonly input: JsonObject;
  readonly output: JsonObject;
}

export interface NamedRefusal {
  readonly act: string;
  readonly name: string;
  readonly tool: string;
  readonly failure: Failure;
}

/** What a planner is shown before each action: rebuilt from the record, so that a resumed run sees the same. */
export interface Observation {
  readonly protocol: AgentView;
  readonly facts: ModelFacts;
  readonly seed: number;
  /** null until the plan is sealed. */
  readonly plan: Plan | null;
  /** Results by name, the gate's measurements among them. Arrays stay in artifacts. */
  readonly results: Readonly<Record<string, NamedResult>>;
  readonly refusals: readonly NamedRefusal[];
  /** Tool calls that are left. */
  readonly remaining: number;
  /** What a reviewer saw in a claim that was handed in, once one more round was asked for. */
  readonly review: readonly Remark[] | null;
  /** Why the last answer was sent back, or null. */
  readonly complaint: string | null;
}

/** What a planner is shown where it is asked for its own review of a search: the observation before the claim, and the claim that waits. */
export interface Reviewed {
  readonly claim: Claim;
  readonly observation: Observation;
  /** What the list of rules saw. */
  readonly remarks: readonly Remark[];
  readonly deviations: readonly Deviation[];
  /** Why the last answer was sent back, or null. */
  readonly complaint: string | null;
}

/** What a planner may use beside the observation. */
export interface Means {
  /** Turns of a planner that asks a language model: recorded, so that a resumed run pays for none of them again. */
  readonly conversation: Conversation;
  /** Aborted when the job is cancelled. */
  readonly signal: AbortSignal;
}

/** Contract: may answer anything; the graph validates. Holds no state that the observation and the conversation do not give it. */
export interface Planner {
  /** Stands in the record, e.g. `scripted`; by it a resumed run finds its planner again. */
  readonly id: string;
  /** What its decisions depend on; stands in the record, and a run goes on only where it is the same. */
  readonly settings?: JsonObject | undefined;
  /** False where it asks a language model whose price nobody here knows: a budget of money cannot hold it. */
  readonly priced?: boolean | undefined;
  /** @throws Refusal where it cannot work, before a model is loaded for it. */
  readonly check?: (() => void) | undefined;
  /** How often an answer is sent back before the planner counts as giving up. Default: three times. */
  readonly repairs?: number | undefined;
  next(observation: Observation, means: Means): Promise<unknown>;
  /** Reads the search before a claim is sealed, and answers with an opinion; null: it will give none; undefined: it was only told. */
  review?(reviewed: Reviewed, means: Means): Promise<unknown>;
}

export type ToolOutcome =
  | { readonly kind: 'result'; readonly output: JsonObject; readonly artifacts: readonly ArtifactRef[] }
  | { readonly kind: 'refusal'; readonly failure: Failure };

export interface Purpose {
  readonly serves: readonly string[];
  readonly because: string;
}

/**
 * Contract: calling an act twice gives one record and the same outcome. A refusal is an outcome; a fault is thrown and ends
 * the run.
 */
export interface ToolRunner {
  call(act: string, tool: string, input: JsonObject, purpose: Purpose): Promise<ToolOutcome>;
}

/** Contract: recording an act twice with the same content gives the stored step; other content is a fault. */
export interface Recorder {
  record(act: string, body: StepBody): Step;
  /** In order, from the first. */
  steps(): readonly Step[];
}

/** What a run may spend. Owned by the record; an agent hears how many calls it has and when nothing more may be spent. */
export interface Purse {
  /** Tool calls of the planner in all; undefined: as many as the procedure suggests. */
  readonly calls: number | undefined;
  /** Why nothing more may be spent, or null. Contract: a reason that was given once is recorded, and given again. */
  spent(): string | null;
}

export interface AgentPorts {
  readonly planner: Planner;
  readonly tools: ToolRunner;
  readonly recorder: Recorder;
  readonly purse: Purse;
  /** Judges the gate from its measurements, or from the reasons why they are missing. */
  readonly judgeGate: (values: Record<string, Json>, unmeasured: Record<string, string>) => CriterionResult;
  readonly view: AgentView;
  /** Facts of the open model, on the search half. */
  readonly facts: ModelFacts;
  readonly seed: number;
  readonly signal: AbortSignal;
}
