/** Runs a study: finds the model, opens a worker on the prompts, and leaves nothing behind but artifacts. */
import { mkdirSync } from 'node:fs';
import type { Engine, JsonObject, Study, StudyPair } from '../contract/index.ts';
import { cancelOnSignals, findModel } from '../job/index.ts';
import { type Log, WorkerHandle, workerPython } from '../worker/index.ts';
import { Asking } from './asking.ts';
import { inexpressible, shownOrNone } from './expressible.ts';
import { CONTRAST, promptsOf, type StudyPrompts, studyMaterial } from './material.ts';
import { type Candidate, candidates, turningMost } from './single.ts';
import { type Studied, study, tasksOf } from './study.ts';

export type Question =
  | { readonly kind: 'pairs'; readonly pairs: readonly StudyPair[]; readonly source: string }
  | { readonly kind: 'single'; readonly prompt: string; readonly answer: string; readonly versus: string };

export interface StudyOptions {
  readonly question: Question;
  readonly model: string;
  readonly seed: number;
  readonly device?: string | undefined;
  readonly engine?: Engine | undefined;
  readonly revision?: string | undefined;
  readonly artifacts: string;
  readonly log?: Log | undefined;
  /** Called with the tool that is running. */
  readonly onCall?: (tool: string, done: number) => void;
}

/** A call on a large model may take its time, and one that hangs must still end. */
const CALL_MS = 6 * 3_600_000;

/** @throws Refusal for what cannot be studied, with the reason; Fault */
export async function runStudy(options: StudyOptions): Promise<Study> {
  const { question, seed, artifacts, device, revision, engine } = options;
  const model = findModel(options.model, { device, revision, engine });
  const tried = question.kind === 'single' ? candidates(question.prompt, question.answer, question.versus) : [];
  const tasks =
    question.kind === 'pairs'
      ? tasksOf(question.pairs)
      : Object.fromEntries(tried.map(({ pair }, i) => [`try-${i}`, pair]));
  mkdirSync(artifacts, { recursive: true });
  const cancelling = cancelOnSignals();
  const python = workerPython();
  const open = async (material: ReturnType<typeof studyMaterial>) =>
    WorkerHandle.open(
      options.log ? { python, log: options.log } : { python },
      { ...model, material, artifacts },
      { signal: cancelling.signal, timeoutMs: CALL_MS },
    );
  const handle = await open(studyMaterial(tasks));
  let done = 0;
  const call = async (tool: string, input: JsonObject): Promise<JsonObject> => {
    options.onCall?.(tool, done++);
    return handle.call(tool, input, { signal: cancelling.signal, timeoutMs: CALL_MS });
  };
  try {
    const asked = question.kind === 'pairs' ? allOf(question) : await bestOf(new Asking(call, artifacts), tried, seed);
    return await study({ ...asked, seed, facts: handle.facts, engine: model.engine, artifacts, call });
  } finally {
    await handle.stop();
    cancelling.release();
  }
}

type Asked = Pick<Studied, 'pairs' | 'tasks' | 'source'>;

function allOf({ pairs, source }: Extract<Question, { kind: 'pairs' }>): Asked {
  return { pairs, source, tasks: Object.keys(tasksOf(pairs)).slice(0, pairs.length) };
}

/** Measures the contrasts that the tokenizer can express, and takes one. */
async function bestOf(asking: Asking, tried: readonly Candidate[], seed: number): Promise<Asked> {
  const named = new Map(tried.map((candidate, index) => [`try-${index}`, candidate]));
  const [prompts] = promptsOf([...named.keys()], seed) as [StudyPrompts];
  const { scorable, unscorable } = await shownOrNone(asking, prompts);
  if (scorable.length === 0)
    throw inexpressible((tried[0] as Candidate).pair, unscorable[0]?.why ?? 'none of the contrasts');
  const rows = (await asking.behaviour(promptsOf(scorable, seed)))
    .filter(({ variant }) => variant === CONTRAST)
    .map(({ task, logit_difference }) => ({ task, logit_difference, ...(named.get(task) as Candidate) }));
  const best = turningMost(rows);
  return { pairs: [best.pair], tasks: [best.task], source: `one prompt; contrast: ${best.says}` };
}
