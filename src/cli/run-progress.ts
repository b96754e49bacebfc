/** Turns what a job tells into progress: phase, call, share done, time left; and keeps the lines that a reader wants later. */
import type { Protocol, Step } from '../contract/index.ts';
import type { JobEvent } from '../job/index.ts';
import { cut, duration, safe, stepLine } from '../report/index.ts';
import type { Cli } from './cli.ts';
import { Estimate } from './estimate.ts';
import { ProgressLine } from './progress.ts';

const PHASE = {
  search: 'Search half: the agent works',
  verify: 'Held-out half: the protocol measures, in a fresh worker',
} as const;
const KEPT = new Set<Step['body']['kind']>([
  'model-facts',
  'gate',
  'plan',
  'refusal',
  'fault',
  'gave-up',
  'claim',
  'verdict',
]);

/** Columns before the words of a line that is kept. */
const INDENT = 15;

export class RunProgress {
  readonly #cli: Cli;
  readonly #line: ProgressLine;
  readonly #estimate: Estimate;
  #act = 'loading the model';
  #part = '';

  constructor(cli: Cli, protocol: Protocol, tasks: number, earlier: readonly Step[]) {
    this.#cli = cli;
    this.#line = new ProgressLine(cli.side);
    this.#estimate = new Estimate(protocol, tasks, earlier);
  }

  readonly onEvent = (event: JobEvent): void => {
    if (event.kind === 'phase') {
      this.#act = 'loading the model';
      this.#part = '';
      this.#line.keep(this.#cli.side.bold(PHASE[event.phase]));
    } else if (event.kind === 'progress') {
      const { done, total, unit } = event.progress;
      this.#estimate.inside(total > 0 ? done / total : 0);
      this.#part = `${Math.round(done)} of ${Math.round(total)} ${safe(unit, 'line')}`;
    } else this.#step(event.step);
    this.#line.show(this.#status());
  };

  end(): void {
    this.#line.end();
  }

  #step(step: Step): void {
    this.#estimate.step(step);
    if (step.body.kind === 'tool-call') {
      this.#act = `${step.act} (${step.body.tool})`;
      this.#part = '';
    }
    if (step.body.kind === 'turn') {
      this.#act = `${step.act} (${step.body.model} decides)`;
      this.#part = '';
    }
    if (!KEPT.has(step.body.kind)) return;
    const { side } = this.#cli;
    const summary = safe(stepLine(step).summary, 'line');
    const shown = side.fits ? cut(summary, side.columns - INDENT) : summary;
    this.#line.keep(`  ${side.dim(step.body.kind.padEnd(INDENT - 3))} ${shown}`);
  }

  #status(): string {
    const { share, left } = this.#estimate.now();
    const time = left === null ? '' : `, about ${duration(left)} left`;
    return `  ${this.#line.bar(share)}${Math.round(share * 100)} %${time} · ${safe(this.#act, 'line')}${this.#part === '' ? '' : ` ${this.#part}`}`;
  }
}
