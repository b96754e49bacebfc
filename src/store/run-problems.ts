/** What is wrong with the steps of a run and with its row: every hash is computed anew from what is stored. */
import { canonicalJson, hashOf, type StepBody } from '../contract/index.ts';
import { contentHash, linkHash } from './chain.ts';
import type { RunRow, StepRow } from './rows.ts';

/** One thing found wrong; `step` is its sequence number, null where it is about the run or the file. */
export interface Problem {
  readonly step: number | null;
  readonly what: string;
}

export interface ReadStep {
  readonly row: StepRow;
  /** null where it is not JSON. */
  readonly body: StepBody | null;
}

export function readSteps(rows: readonly StepRow[]): ReadStep[] {
  return rows.map((row) => ({ row, body: parseBody(row) }));
}

function parseBody(row: StepRow): StepBody | null {
  try {
    return JSON.parse(row.body) as StepBody;
  } catch {
    return null;
  }
}

export function stepProblems({ row, body }: ReadStep, before: StepRow | null): Problem[] {
  const seq = row.seq;
  const say = (what: string): Problem => ({ step: seq, what: `step ${seq}: ${what}` });
  const expected = (before?.seq ?? 0) + 1;
  const found: Problem[] = [];
  if (seq !== expected) found.push(say(`it should be step ${expected}, so a step before it is missing or was moved`));
  if (body === null) return [...found, say('its body is not JSON')];
  const text = canonicalJson(body);
  if (text !== row.body) found.push(say('its body is not spelt as it was recorded'));
  if (contentHash(row.act, text) !== row.content) found.push(say('its act or body does not fit its content hash'));
  if (body.kind !== row.kind) found.push(say('its kind is not that of its body'));
  const link = { run: row.run, seq, act: row.act, at: row.at, body: text, previous: before?.hash ?? null };
  if (linkHash(link) !== row.hash) found.push(say('its hash does not follow from it and the step before'));
  return found;
}

export function runProblems(run: RunRow, steps: readonly ReadStep[]): Problem[] {
  const last = steps.at(-1);
  const found = [...protocolProblems(run), ...openingProblems(run, steps[0]), ...sealProblems(run, steps)];
  if (run.steps !== steps.length) found.push(`the run says it has ${run.steps} steps and ${steps.length} are there`);
  if ((last?.row.hash ?? null) !== run.head) found.push('the last step is not the one that the run names as its head');
  return found.map((what) => ({ step: null, what }));
}

function protocolProblems({ protocol, protocol_sha256 }: RunRow): string[] {
  try {
    const value: unknown = JSON.parse(protocol);
    return hashOf(value) === protocol_sha256 && canonicalJson(value) === protocol
      ? []
      : ['the stored protocol does not have the hash that the run names'];
  } catch {
    return ['the stored protocol is not JSON'];
  }
}

/** The run row is not in the chain, but its opening step is. */
function openingProblems(run: RunRow, first: ReadStep | undefined): string[] {
  if (first === undefined) return [];
  const body = first.body;
  if (body?.kind !== 'opened') return ['the first step does not open the run'];
  const fields = ['finding', 'model', 'planner', 'seed', 'protocol_sha256'] as const;
  return fields
    .filter((field) => run[field] !== body[field])
    .map((field) => `the run's ${field} is not the one with which its first step opened it`)
    .concat(
      run.origin === (body.forked?.run ?? null)
        ? []
        : ["the run's origin is not the one from which its first step forks it"],
    );
}

function sealProblems(run: RunRow, steps: readonly ReadStep[]): string[] {
  const last = steps.at(-1);
  const sealed = last?.body?.kind === 'sealed' ? last.body : null;
  if (run.state !== 'sealed') return sealed === null ? [] : [`the run is ${run.state}, yet its last step seals it`];
  if (sealed === null) return ['the run is sealed, yet its last step does not seal it'];
  const found: string[] = [];
  const judged = steps.at(-2)?.body;
  if (sealed.steps !== steps.length)
    found.push(`the run was sealed with ${sealed.steps} steps and ${steps.length} are there`);
  if (sealed.verdict !== run.verdict) found.push(`the run was sealed as ${sealed.verdict} and says ${run.verdict}`);
  if (judged?.kind !== 'verdict' || judged.verdict?.verdict !== sealed.verdict)
    found.push('the step before the seal is not the verdict that was sealed');
  if (last?.row.at !== run.ended_at) found.push('the run did not end when it was sealed');
  return found;
}
