/**
 * The one place where a crash can be ordered, for tests: RECIRCUIT_FAULT=`step:7:orchestrator` kills this process with SIGKILL
 * right after step 7 is recorded, `step:7:worker` the worker. Unset, which is the rule, nothing here does anything.
 */
import { Refusal } from '../contract/index.ts';

export type FaultPoint = (seq: number, workerPid: () => number | undefined) => void;

export function faultPoint(order: string | undefined = process.env['RECIRCUIT_FAULT']): FaultPoint {
  if (order === undefined || order === '') return () => undefined;
  const [, at, whom] = /^step:(\d+):(orchestrator|worker)$/.exec(order) ?? [];
  if (at === undefined) {
    throw new Refusal({
      code: 'bad-fault',
      what: `RECIRCUIT_FAULT is ${order}`,
      why: 'it is not step:<n>:orchestrator or step:<n>:worker',
      instead: 'unset it',
    });
  }
  return (seq, workerPid) => {
    if (seq !== Number(at)) return;
    const pid = whom === 'worker' ? workerPid() : process.pid;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
}
