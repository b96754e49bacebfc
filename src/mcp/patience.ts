/** How long a run waits for an agent that says nothing: it holds a GPU meanwhile, and can be resumed when it was left. */

export class Patience {
  readonly #ms: number;
  readonly #isWaiting: () => boolean;
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param isWaiting whether nothing goes on without the agent; work that is under way ends by itself */
  constructor(ms: number, isWaiting: () => boolean, leave: () => void) {
    this.#ms = ms;
    this.#isWaiting = isWaiting;
    this.#leave = leave;
  }

  /** Somebody is there: the time begins anew. */
  renew(): void {
    this.end();
    this.#timer = setTimeout(() => (this.#isWaiting() ? this.#leave() : this.renew()), this.#ms);
    this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
