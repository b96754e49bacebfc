/** The sentences in which the record says no. One place, so that two callers never word one mistake differently. */
import { Fault, Refusal, type Run } from '../contract/index.ts';

const LIST = 'list the runs with `recircuit runs list`';

export const unknownRun = (name: string): Refusal =>
  new Refusal({
    code: 'unknown-run',
    what: `run \`${name}\``,
    why: 'the record holds no run of that id or beginning',
    instead: LIST,
  });

export const ambiguousRun = (name: string, found: readonly string[]): Refusal =>
  new Refusal({
    code: 'ambiguous-run',
    what: `run \`${name}\``,
    why: `${found.length} runs begin so: ${found.slice(0, 4).join(', ')}${found.length > 4 ? ', …' : ''}`,
    instead: 'give more letters of the id',
  });

export const existingRun = (run: string): Refusal =>
  new Refusal({
    code: 'run-exists',
    what: `run ${run}`,
    why: 'the record already holds it',
    instead: 'leave the id out, or resume that run',
  });

export const endedRun = ({ run, state }: Pick<Run, 'run' | 'state'>): Refusal =>
  new Refusal({
    code: state === 'sealed' ? 'run-sealed' : 'run-ended',
    what: `run ${run}`,
    why: `it is ${state} and takes no more steps`,
    instead: state === 'sealed' ? 'start a new run' : `continue it with \`recircuit run --resume ${run}\``,
  });

export const unsealed = ({ run, state }: Pick<Run, 'run' | 'state'>): Refusal =>
  new Refusal({
    code: 'not-sealed',
    what: `run ${run} cannot be withdrawn`,
    why: `it is ${state}, and only sealed runs count`,
    instead: 'leave it as it is: it stands in no cell',
  });

export const withdrawnBefore = (run: string, because: string): Refusal =>
  new Refusal({
    code: 'run-withdrawn',
    what: `run ${run}`,
    why: `it was withdrawn before: ${because}`,
    instead: 'nothing is left to do',
  });

export const notRaised = (run: string, why: string, instead: string): Refusal =>
  new Refusal({ code: 'not-raised', what: `the budget of run ${run} cannot be raised`, why, instead });

export const badFork = (run: string, why: string, instead: string): Refusal =>
  new Refusal({ code: 'bad-fork', what: `run ${run} cannot be forked there`, why, instead });

export const runInUse = (run: string, pid: number): Refusal =>
  new Refusal({
    code: 'run-in-use',
    what: `run ${run}`,
    why: `process ${pid} is working on it`,
    instead: 'wait until that process has ended, or end it',
  });

const fault = (code: string, what: string, why: string, instead: string): Fault =>
  new Fault({ code, what, why, instead });

export const actConflict = (run: string, act: string): Fault =>
  fault(
    'act-conflict',
    `act \`${act}\` of run ${run}`,
    'it was recorded before with other content',
    'make the act give the same result when it is repeated, or start a new run',
  );

export const badStep = (act: string, why: string): Fault =>
  fault(
    'bad-step',
    `the step \`${act}\``,
    `it does not fit the contract: ${why}`,
    'this is a mistake in the program; report it',
  );

export const protocolMismatch = (finding: string): Fault =>
  fault(
    'protocol-hash',
    `the protocol of ${finding}`,
    'the hash given is not that of the protocol given',
    'this is a mistake in the program; report it',
  );

export const unready = (run: string, why: string): Fault =>
  fault('not-ready-to-seal', `run ${run}`, why, 'record the verdict as the last step, then seal');
