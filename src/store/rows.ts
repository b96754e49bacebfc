/** Rows of runs.db as the nouns of the contract. Reading only; a row whose JSON is broken is a fault that names `runs verify`. */
import { ArtifactRef, Fault, type Json, type Run, type Step, type StepBody } from '../contract/index.ts';

/** A step as it lies in the table: `body` is text, so that verification sees every byte. */
export interface StepRow {
  readonly run: string;
  readonly seq: number;
  readonly act: string;
  readonly kind: string;
  readonly at: string;
  readonly body: string;
  readonly content: string;
  readonly hash: string;
}

/** A run as it lies in the table: `protocol` is text. */
export type RunRow = Omit<Run, 'protocol'> & { readonly protocol: string };

export const RUN_COLUMNS = `run, finding, model, planner, seed, protocol_sha256, protocol, state, verdict, opened_at, ended_at, steps,
  head, note, origin, coalesce((SELECT CASE WHEN json_valid(body) THEN body ->> '$.because' ELSE '' END FROM journal
  WHERE journal.run = run.run AND kind = 'withdrawn'), (SELECT withdrawn FROM imported WHERE imported.run = run.run)) AS withdrawn`;
export const STEP_COLUMNS = 'run, seq, act, kind, at, body, content, hash';

export function toRun(row: RunRow): Run {
  return { ...row, protocol: parsed(row.protocol, row.run, 'the protocol') as Run['protocol'] };
}

export function toStep({ kind: _, ...row }: StepRow): Step {
  return { ...row, body: parsed(row.body, row.run, `step ${row.seq}`) as unknown as StepBody };
}

function parsed(text: string, run: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Fault(
      {
        code: 'record-damaged',
        what: `${what} of run ${run}`,
        why: 'what is stored is not JSON, so it was changed after it was recorded',
        instead: `look at \`recircuit runs verify ${run}\``,
      },
      { cause: error },
    );
  }
}

/** Returns the artifacts that a tool result names anywhere in it, each once; other steps name none. */
export function artifactsOf(body: StepBody): ArtifactRef[] {
  if (body.kind !== 'tool-result') return [];
  const found = new Map<string, ArtifactRef>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const ref = 'sha256' in value ? ArtifactRef.safeParse(value) : undefined;
    if (ref?.success) found.set(ref.data.sha256, ref.data);
    else for (const item of Object.values(value)) visit(item);
  };
  visit([body.artifacts, body.output]);
  return [...found.values()];
}
