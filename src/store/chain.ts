/**
 * The hashes of steps: what makes a later change of the record visible. Writing and verification share these lines. Bodies come as
 * the canonical JSON that is stored, so that a long one is spelt once; the texts below are the canonical JSON of the objects named.
 */
import { sha256 } from '../contract/index.ts';

/** The parts of a step that its hash covers; `previous` is the hash of the step before, null for the first. */
export interface Link {
  readonly run: string;
  readonly seq: number;
  readonly act: string;
  readonly at: string;
  /** The body in canonical JSON. */
  readonly body: string;
  readonly previous: string | null;
}

const spell = JSON.stringify;

/** Of {act, body}: equal in two runs in which the same thing happened. */
export const contentHash = (act: string, body: string): string => sha256(`{"act":${spell(act)},"body":${body}}`);

/** Of {act, at, body, previous, run, seq}. */
export const linkHash = ({ run, seq, act, at, body, previous }: Link): string =>
  sha256(
    `{"act":${spell(act)},"at":${spell(at)},"body":${body},"previous":${spell(previous)},"run":${spell(run)},"seq":${spell(seq)}}`,
  );
