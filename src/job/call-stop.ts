/** Ends the tool call that is under way, and not the run: its agent is told by a refusal, and the call counts. */
import { Fault, Refusal } from '../contract/index.ts';

export class CallStop {
  #controller: AbortController | undefined;

  /** Asks the worker to end the call at its next safe point; one that does not is killed. Returns whether a call was under way. */
  stop(): boolean {
    this.#controller?.abort();
    return this.#controller !== undefined;
  }

  /** Makes a call that can be ended. @param signal of the job. @throws Refusal where it was ended here */
  async during<T>(tool: string, signal: AbortSignal, make: (either: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#controller = controller;
    try {
      return await make(AbortSignal.any([signal, controller.signal]));
    } catch (error) {
      const ended = controller.signal.aborted && !signal.aborted;
      if (!ended || !(error instanceof Fault) || error.failure.code !== 'cancelled') throw error;
      const why = 'it was cancelled by the agent that asked for it';
      const instead = 'ask for fewer prompts or components, or for something else; a cancelled call counts as a call';
      throw new Refusal({ code: 'cancelled', what: `the call of ${tool}`, why, instead });
    } finally {
      this.#controller = undefined;
    }
  }
}
