/** Claude through the raw SDK. The name `anthropic:<model>` stands in the record, so that a resumed run asks the same model. */
import type { Planner } from '../../ports.ts';
import type { ContextLimit } from '../language/asked.ts';
import type { Prompts } from '../language/opening.ts';
import { reviewingPlanner } from '../language/review.ts';
import { type Connection, PACE, type Pace, sender } from '../language/send.ts';
import { carrier } from './carrier.ts';
import { isPriced } from './price.ts';

export const DEFAULT_MODEL = 'claude-opus-5-5';

/** Half of a small window: money and attention go down long before a window is full. */
const CONTEXT: ContextLimit = { tokens: 100_000, whole: 6 };

interface Options {
  readonly model?: string | undefined;
  readonly connection: Connection;
  readonly prompts: Prompts;
  /** For tests of faults, which cannot wait for minutes. */
  readonly pace?: Pace | undefined;
  readonly context?: ContextLimit | undefined;
}

export function anthropic({ model = DEFAULT_MODEL, connection, prompts, pace = PACE, context }: Options): Planner {
  return reviewingPlanner({
    id: `anthropic:${model}`,
    model,
    prompts,
    sender: sender(carrier(connection, pace.idle), pace),
    context: context ?? CONTEXT,
    priced: isPriced(model),
  });
}
