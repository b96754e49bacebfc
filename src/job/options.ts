/** What a job is asked for and what it tells while it runs. */
import type * as z from 'zod';
import type { Planner } from '../../agents/index.ts';
import type { Budget, Claim, Engine, ModelFacts, Phase, Progress, Protocol, Step } from '../contract/index.ts';
import type { RunRecord } from '../store/index.ts';
import type { Log } from '../worker/index.ts';
import type { CallStop } from './call-stop.ts';

export type JobEvent =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'progress'; readonly act: string; readonly progress: Progress }
  /** A worker is being loaded for this phase. */
  | { readonly kind: 'phase'; readonly phase: z.infer<typeof Phase> };

/** Replaces a claim before it is sealed: the calibration asks whether wrong heads are ever called a reproduction. */
export type ReplaceClaim = (claim: Claim, facts: ModelFacts, seed: number) => Claim;

interface Means {
  readonly record: RunRecord;
  /** Folder for artifacts. */
  readonly artifacts: string;
  /** Interpreter that has the worker. */
  readonly python: string;
  /** SQLite file of the agent's cursor. Default: `checkpoints.db` beside the artifacts. */
  readonly checkpoints?: string | undefined;
  readonly device?: string | undefined;
  /** Default: fast. A run goes on with the engine it was opened with. */
  readonly engine?: Engine | undefined;
  /** Least time limit of one tool call, in ms; a call whose cost estimate is larger gets more. Default: ten minutes. */
  readonly callMs?: number | undefined;
  /** Aborting cancels the run, as SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal | undefined;
  /** By which a call of the agent's is ended, and the run goes on. Calls of the protocol are out of its reach. */
  readonly stop?: CallStop | undefined;
  readonly log?: Log | undefined;
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
  /** Calibration only; stands in the record as part of the planner's name. */
  readonly claim?: ReplaceClaim | undefined;
}

export interface NewJob extends Means {
  readonly run?: undefined;
  /** A finding's name, or its protocol. */
  readonly finding: string | Protocol;
  /** A model card's name, or the path of a folder that holds a model. */
  readonly model: string;
  /** A planner, or the name of one of ours. */
  readonly planner: string | Planner;
  readonly seed: number;
  /** What the agent may spend; without it only its calls are limited. */
  readonly budget?: Budget | undefined;
  /** 40 hex digits, for a card that pins none. */
  readonly revision?: string | undefined;
}

/** Goes on with a run that was cut off; what was asked for stands in its record. */
export interface ResumedJob extends Means {
  /** Its id, or the beginning of it. */
  readonly run: string;
  /** The folder again, where the model was named by one. */
  readonly model?: string | undefined;
  readonly planner?: Planner | undefined;
}

export type JobOptions = NewJob | ResumedJob;
