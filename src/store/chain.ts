/** The hashes of steps: what makes a later change of the record visible. Writing and verification share these two lines. */
import { hashOf, type StepBody } from '../contract/index.ts';

/** The parts of a step that its hash covers; `previous` is the hash of the step before, null for the first. */
export interface Link {
  readonly run: string;
  readonly seq: number;
  readonly act: string;
  readonly at: string;
  readonly body: StepBody;
  readonly previous: string | null;
}

/** Equal in two runs in which the same thing happened. */
export const contentHash = (act: string, body: StepBody): string => hashOf({ act, body });

export const linkHash = ({ run, seq, act, at, body, previous }: Link): string =>
  hashOf({ run, seq, act, at, body, previous });
