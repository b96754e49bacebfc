/**
 * The two ways of failing, kept apart: a refusal is the caller's to mend, a fault the operator's.
 * Exit codes are part of the contract, since schedulers read them.
 */
import * as z from 'zod';

export const Failure = z
  .strictObject({
    kind: z.enum(['refusal', 'fault']),
    code: z.string().describe('stable word, e.g. unknown-task'),
    what: z.string(),
    why: z.string(),
    instead: z.string(),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;

/** What the process returns. A negative verdict is a result, so it is 0 like any other. */
export const EXIT = {
  ok: 0,
  fault: 1,
  usage: 2,
  refused: 3,
  tampered: 4,
  differs: 5,
  interrupted: 130,
} as const;

type Sentence = Omit<Failure, 'kind'>;

function sentence({ what, why, instead }: Sentence): string {
  return `${what}: ${why}. Instead: ${instead}.`;
}

/** A "no" that the caller may act on. Contract: what, why and instead are never empty. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly failure: Failure;
  constructor(parts: Sentence, options?: ErrorOptions) {
    super(sentence(parts), options);
    this.failure = { kind: 'refusal', ...parts };
  }
}

/** A failure of the machinery. It ends the run without a verdict. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly failure: Failure;
  constructor(parts: Sentence, options?: ErrorOptions) {
    super(sentence(parts), options);
    this.failure = { kind: 'fault', ...parts };
  }
}
