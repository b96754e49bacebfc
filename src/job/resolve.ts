/**
 * Finds everything that a job names, before anything is started or recorded: protocol, behaviour, model, planner. What cannot
 * be found or does not fit is refused here.
 */
import { resolve } from 'node:path';
import type { AgentView, Planner } from '../../agents/index.ts';
import { type Engine, type OpenRequest, Protocol, type Run, type Split } from '../contract/index.ts';
import { agentView, loadBehaviour, loadProtocol, material, splitHash } from '../protocol/index.ts';
import { findModel } from './models.ts';
import type { JobOptions, NewJob } from './options.ts';
import { choosePlanner } from './planner.ts';

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
  readonly request: (split: Split) => OpenRequest;
}

/** What was asked for: by the caller, or in the record of the run that is resumed. */
type Asked = Pick<NewJob, 'model' | 'planner' | 'seed' | 'revision'> & {
  readonly run: Run | undefined;
  readonly protocol: Protocol;
};

/** @throws Refusal for anything unknown, with the nearest name */
export function prepare(options: JobOptions): Prepared {
  const { run, protocol, seed, ...asked } = options.run === undefined ? fromCaller(options) : fromRecord(options);
  const behaviour = loadBehaviour(protocol.behaviour);
  const halves = { search: material(behaviour, 'search'), 'held-out': material(behaviour, 'held-out') };
  const model = findModel(asked.model, { revision: asked.revision, device: options.device, engine: options.engine });
  return {
    run,
    protocol,
    seed,
    model: model.model,
    planner: choosePlanner(asked.planner, options.claim),
    view: agentView(protocol, behaviour),
    tasks: behaviour.tasks.map(({ task }) => task),
    splits: { search: splitHash(halves.search), 'held-out': splitHash(halves['held-out']) },
    engine: model.engine,
    request: (split) => ({
      ...model,
      dtype: split === 'held-out' ? remeasuredIn(model.dtype) : model.dtype,
      material: halves[split],
      artifacts: resolve(options.artifacts),
    }),
  };
}

/** A verdict rests on numbers of float32 or better: what was searched in bfloat16 is measured again without its noise. */
function remeasuredIn(dtype: OpenRequest['dtype']): OpenRequest['dtype'] {
  return dtype === 'bfloat16' ? 'float32' : dtype;
}

function fromCaller(options: NewJob): Asked {
  const { finding, model, planner, seed, revision } = options;
  const protocol = typeof finding === 'string' ? loadProtocol(finding) : Protocol.parse(finding);
  return { run: undefined, protocol, model, planner, seed, revision };
}

/** The frozen protocol counts, not what the file says by now. The revision is the one that the search half was measured on. */
function fromRecord(options: Extract<JobOptions, { run: string }>): Asked {
  const run = options.record.findRun(options.run);
  const facts = options.record.step(run.run, 'facts/search')?.body;
  const revision = facts?.kind === 'model-facts' ? (facts.facts.revision ?? undefined) : undefined;
  return {
    run,
    protocol: Protocol.parse(run.protocol),
    model: options.model ?? run.model,
    planner: options.planner ?? run.planner,
    seed: run.seed,
    revision,
  };
}
