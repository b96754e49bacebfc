/** Everything the doctor looks at, one row each, in the order in which things depend on each other. */
import * as probe from './probes.ts';

export interface Check {
  readonly what: string;
  readonly probe: probe.Probe;
  /** Why it matters. */
  readonly why: string;
  /** What to do when it is a problem. */
  readonly fix: string;
  /** What does not work while it is a problem. */
  readonly blocks: string;
  /** Another row without which there is nothing to look at. */
  readonly needs?: string;
}

export const checks: readonly Check[] = [
  {
    what: 'node',
    probe: probe.node,
    why: 'native packages are built for these versions',
    fix: 'install Node 20 LTS, or 22.14 and newer',
    blocks: 'everything',
  },
  {
    what: 'sqlite',
    probe: probe.sqlite,
    why: 'the record is a SQLite file, opened by a compiled module',
    fix: 'remove node_modules and run `npm start`, which compiles it for this Node',
    blocks: 'everything but the tools list',
  },
  {
    what: 'python',
    probe: probe.python,
    why: 'the worker is a Python program',
    fix: 'run `npm start`, or name an interpreter in RECIRCUIT_WORKER_PYTHON',
    blocks: 'runs, calibration and model builds',
  },
  {
    what: 'torch',
    probe: probe.torch,
    why: 'the worker computes with torch and loads models through transformers',
    fix: 'remove .venv and run `npm start`',
    blocks: 'runs, calibration and model builds',
    needs: 'python',
  },
  {
    what: 'device',
    probe: probe.cuda,
    why: 'a model of billions of parameters wants a GPU; organisms do not',
    fix: 'install a torch build with CUDA',
    blocks: 'nothing',
    needs: 'torch',
  },
  {
    what: 'worker',
    probe: probe.worker,
    why: 'worker and orchestrator must share one contract, or numbers would change their meaning on the way',
    fix: 'run `npm run generate`, or reinstall the worker with `pip install -e tools/worker`',
    blocks: 'runs, calibration and model builds',
    needs: 'python',
  },
  {
    what: 'generated files',
    probe: probe.generated,
    why: 'the Python dataclasses and the editor schemas are copies of src/contract',
    fix: 'run `npm run generate`',
    blocks: 'nothing if `worker` is well; else runs',
  },
  {
    what: 'record',
    probe: probe.record,
    why: 'every run is recorded there, and a record of a newer program is not written',
    fix: 'update recircuit, or name another file with --record',
    blocks: 'runs and everything that reads them',
    needs: 'sqlite',
  },
  {
    what: 'artifacts',
    probe: probe.artifacts,
    why: 'tensors are written there while a run goes on',
    fix: 'make the folder writable, or make 1 GiB of room',
    blocks: 'runs',
  },
  {
    what: 'organisms',
    probe: probe.organisms,
    why: 'everything that works without a download works on them; other weights would give other numbers',
    fix: 'restore evals/organisms from git, or run `recircuit models build <name>`',
    blocks: 'runs on those organisms',
  },
];
