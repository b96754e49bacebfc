/**
 * Finds everything that a job names, before anything is started or recorded: protocol, behaviour, model, planner. What cannot
 * be found or does not fit is refused here.
 */
import { resolve } from 'node:path';
import type { AgentView, Planner } from '../../agents/index.ts';
import {
  type Budget,
  type Engine,
  type OpenRequest,
  Protocol,
  type Run,
  type Split,
  type Step,
} from '../contract/index.ts';
import { agentView, loadBehaviour, loadProtocol, material, splitHash, taskNames } from '../protocol/index.ts';
import { findModel } from './models.ts';
import type { JobOptions, NewJob } from './options.ts';
import { choosePlanner } from './planner.ts';
import { refuseUnpriced } from './purse.ts';

export interface Prepared {
  /** The run that is resumed. */
  readonly run: Run | undefined;
  readonly protocol: Protocol;
  readonly model: string;
  readonly planner: Planner;
  readonly seed: number;
  readonly view: AgentView;
  readonly tasks: readonly string[];
  readonly splits: Record<Split, string>;
  readonly engine: Engine;
  /** With which the run was opened. */
  readonly budget: Budget | undefined;
  readonly request: (split: Split) => OpenRequest;
}

/** What was asked for: by the caller, or in the record of the run that is resumed. */
type Asked = Pick<NewJob, 'model' | 'planner' | 'seed' | 'revision' | 'budget'> & {
  readonly run: Run | undefined;
  readonly protocol: Protocol;
};

/** @throws Refusal for anything unknown, with the nearest name */
export function prepare(options: JobOptions): Prepared {
  const { run, protocol, seed, budget, ...asked } =
    options.run === undefined ? fromCaller(options) : fromRecord(options);
  const { artifacts, device, engine } = options;
  const requests = prepareRequests({
    protocol,
    model: asked.model,
    revision: asked.revision,
    device,
    engine,
    artifacts,
  });
  const planner = choosePlanner(asked.planner, options.claim);
  refuseUnpriced(planner, budget);
  return { run, protocol, seed, planner, budget, ...requests, ...prepareBehaviour(protocol) };
}

/** What a run is told and marked by, of the behaviour that its protocol names. */
export function prepareBehaviour(protocol: Protocol): Pick<Prepared, 'view' | 'tasks' | 'splits'> {
  const behaviour = loadBehaviour(protocol.behaviour);
  return {
    view: agentView(protocol, behaviour),
    tasks: taskNames(behaviour),
    splits: {
      search: splitHash(material(behaviour, 'search')),
      'held-out': splitHash(material(behaviour, 'held-out')),
    },
  };
}

type Requested = Pick<NewJob, 'model' | 'revision' | 'device' | 'engine' | 'artifacts'> & {
  readonly protocol: Protocol;
};

/** What workers are asked to open. */
export function prepareRequests({
  protocol,
  artifacts,
  ...asked
}: Requested): Pick<Prepared, 'model' | 'engine' | 'request'> {
  const behaviour = loadBehaviour(protocol.behaviour);
  const model = findModel(asked.model, asked);
  return {
    model: model.model,
    engine: model.engine,
    request: (split) => ({
      ...model,
      dtype: split === 'held-out' ? remeasuredIn(model.dtype) : model.dtype,
      material: material(behaviour, split),
      artifacts: resolve(artifacts),
    }),
  };
}

/** A verdict rests on numbers of float32 or better: what was searched in bfloat16 is measured again without its noise. */
function remeasuredIn(dtype: OpenRequest['dtype']): OpenRequest['dtype'] {
  return dtype === 'bfloat16' ? 'float32' : dtype;
}

function fromCaller(options: NewJob): Asked {
  const { finding, model, planner, seed, revision, budget } = options;
  const protocol = typeof finding === 'string' ? loadProtocol(finding) : Protocol.parse(finding);
  return { run: undefined, protocol, model, planner, seed, revision, budget };
}

/** The frozen protocol counts, not what the file says by now. */
function fromRecord(options: Extract<JobOptions, { run: string }>): Asked {
  const run = options.record.findRun(options.run);
  const opened = options.record.step(run.run, 'opened')?.body;
  return {
    run,
    protocol: Protocol.parse(run.protocol),
    model: options.model ?? run.model,
    planner: options.planner ?? run.planner,
    seed: run.seed,
    budget: opened?.kind === 'opened' ? opened.budget : undefined,
    revision: measuredRevision(options.record.steps(run.run)),
  };
}

/** The revision that the search half was measured on. */
export function measuredRevision(steps: readonly Step[]): string | undefined {
  const facts = steps.find(({ act }) => act === 'facts/search')?.body;
  return facts?.kind === 'model-facts' ? (facts.facts.revision ?? undefined) : undefined;
}
