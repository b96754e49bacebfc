/** Starts a worker and shakes hands: a worker of another contract never gets a request. */
import { Fault, Hello, WIRE_VERSION } from '../contract/index.ts';
import { contractHash } from '../generate/schema.ts';
import { root } from '../root.ts';
import { Channel } from './channel.ts';
import { Wire, WorkerClient } from './client.ts';
import { workerEnvironment } from './environment.ts';
import type { Log } from './stderr.ts';

export interface StartOptions {
  /** Interpreter, see workerPython(). */
  readonly python: string;
  /** What the interpreter runs. Default: our worker. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Added to the worker's environment, beyond the allow-list. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log?: Log | undefined;
  /** Importing torch from a cold disk takes its time. Default: 180 s. */
  readonly helloTimeoutMs?: number;
}

let ours: string | undefined;

/** @throws Fault `no-worker`, `contract-differs`, `wire-differs`, `time-limit`, or what the client throws. */
export async function startWorker(options: StartOptions): Promise<WorkerClient> {
  const wire = new Wire((listeners) => {
    return new Channel({
      command: options.python,
      args: options.args ?? ['-u', '-m', 'recircuit_worker'],
      cwd: options.cwd ?? root,
      env: workerEnvironment(process.env, options.env),
      log: options.log,
      ...listeners,
    });
  });
  try {
    const reply = await wire.call('hello', {}, { timeoutMs: options.helloTimeoutMs ?? 180_000 });
    return new WorkerClient(checkHello(reply, wire), wire);
  } catch (error) {
    await wire.stop();
    throw error instanceof Fault && error.failure.code === 'worker-died' ? noWorker(options.python, error) : error;
  }
}

function checkHello(reply: unknown, wire: Wire): Hello {
  const hello = Hello.safeParse(reply);
  if (!hello.success) throw wire.break(`its hello does not fit the contract (${hello.error.issues[0]?.message})`);
  const { wire: version, contract_sha256 } = hello.data;
  if (version !== WIRE_VERSION) {
    throw differs('wire-differs', `it speaks wire version ${version}, we speak ${WIRE_VERSION}`);
  }
  ours ??= contractHash();
  if (contract_sha256 !== ours) {
    throw differs('contract-differs', `its contract is ${contract_sha256.slice(0, 12)}, ours is ${ours.slice(0, 12)}`);
  }
  return hello.data;
}

function differs(code: string, why: string): Fault {
  return new Fault({
    code,
    what: 'worker and orchestrator do not belong together',
    why,
    instead: 'run `npm run generate` in the checkout, or reinstall the worker with `pip install -e tools/worker`',
  });
}

function noWorker(python: string, cause: Fault): Fault {
  return new Fault(
    {
      code: 'no-worker',
      what: `no worker could be started with ${python}`,
      why: cause.failure.why,
      instead: 'run `npm start` to set up the worker, or name a Python that has it in RECIRCUIT_WORKER_PYTHON',
    },
    { cause },
  );
}
