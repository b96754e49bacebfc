/**
 * Kills the orchestrator of a run whose planner asks a language model, at steps drawn at random and once in the middle of a reply, and
 * resumes it: what the server answered is counted there, and compared with what stands in the record.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Step, Usage } from '../../src/contract/index.ts';
import { openRecord, verifyRun } from '../../src/store/index.ts';
import { type MessagesServer, startMessagesServer } from '../servers/messages/server.ts';
import { readScript, type Script } from '../servers/script.ts';
import { type ChildEnd, type ChildJob, runInChild } from './child.ts';
import { inParallel } from './shared.ts';

/** The server's; nothing is paid with it. */
export const KEY = 'local-demo-key';
export const PLANNER = 'anthropic';

export interface KillOutcome {
  /** After which act, or during which turn. */
  readonly killed: string;
  readonly asked: number;
  readonly answered: number;
  /** Turns that were answered more than once. */
  readonly twice: number;
  /** Tokens of whole replies by the server's count, and by the record's. */
  readonly billed: number;
  readonly recorded: number;
  /** What is not as it should be, or empty. */
  readonly note: string;
}

interface Plan {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  readonly onCase?: (outcome: KillOutcome) => void;
}

interface Final {
  readonly steps: readonly Step[];
  readonly problems: string;
}

const FINDING = 'induction-heads';
const MODEL = 'induction-gpt2';
/** Runs at once. */
const AT_ONCE = 2;
/** Slow enough that a reply can be killed in its middle. */
const PACE_MS = 40;

/** Returns one outcome for each kill; the last is in the middle of a reply. */
export async function killLanguageRuns({ folder, kills, seed, onCase }: Plan): Promise<KillOutcome[]> {
  const script = readScript(FINDING);
  const job = (name: string): ChildJob => ({
    folder: place(folder, name),
    finding: FINDING,
    model: MODEL,
    seed,
    planner: PLANNER,
  });
  const { steps } = await withServer(script, async (server) => {
    const undisturbed = job('undisturbed');
    return final(undisturbed, await runInChild(undisturbed, { env: envOf(server) }));
  });
  const last = steps.findIndex(({ act }) => act === 'claim') + 1;
  const atStep = (step: number): Promise<KillOutcome> =>
    withServer(script, async (server) => {
      const killed = job(`killed-${step}`);
      await dies(killed, { env: envOf(server), fault: `step:${step}:orchestrator` });
      const after = `after ${steps[step - 1]?.act ?? ''}`;
      return compare(after, steps, await resumed(killed, server), server);
    });
  const cases = [...drawn(kills, last, seed), null];
  return inParallel(cases, AT_ONCE, async (step) => {
    const outcome = await (step === null ? inReply(script, job('in-reply'), steps) : atStep(step));
    onCase?.(outcome);
    return outcome;
  });
}

/** A reply that is on its way when the process dies is lost: the one case in which a turn must be asked for again. */
async function inReply(script: Script, job: ChildJob, steps: readonly Step[]): Promise<KillOutcome> {
  const turn = 4;
  const turns = script.turns.map((one, index) => (index === turn ? { ...one, pace_ms: PACE_MS } : one));
  return withServer({ ...script, turns }, async (server) => {
    let pid = 0;
    const watching = setInterval(() => {
      if (!server.seen.some((seen) => seen.turn === turn && (seen.billed?.output ?? 0) > 0)) return;
      clearInterval(watching);
      process.kill(pid, 'SIGKILL');
    }, 5);
    try {
      await dies(job, { env: envOf(server), onStart: (started) => (pid = started) });
    } finally {
      clearInterval(watching);
    }
    return compare('while a reply was on its way', steps, await resumed(job, server), server);
  });
}

async function withServer<T>(script: Script, use: (server: MessagesServer) => Promise<T>): Promise<T> {
  const server = await startMessagesServer({ script, key: KEY });
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

const envOf = ({ url }: MessagesServer) => ({ ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: url });

function place(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

async function dies(job: ChildJob, options: Parameters<typeof runInChild>[1]): Promise<void> {
  const end = await runInChild(job, options);
  if (end.signal !== 'SIGKILL') throw new Error(`it should have been killed: ${end.stderr}`);
}

async function resumed(job: ChildJob, server: MessagesServer): Promise<Final> {
  const record = openRecord(join(job.folder, 'runs.db'), { readOnly: true });
  const [run] = record.runs();
  record.close();
  if (run === undefined) throw new Error('no run was recorded');
  return final(job, await runInChild({ ...job, resume: run.run }, { env: envOf(server) }));
}

function final({ folder }: ChildJob, { run, stderr }: ChildEnd): Final {
  if (run?.state !== 'sealed') throw new Error(`the run was not sealed: ${run?.note ?? stderr}`);
  const record = openRecord(join(folder, 'runs.db'), { readOnly: true });
  try {
    const { problems } = verifyRun(record, run.run, { artifacts: join(folder, 'artifacts') });
    return { steps: record.steps(run.run), problems: problems.map(({ what }) => what).join('; ') };
  } finally {
    record.close();
  }
}

/** Different steps from 1 to `last`, drawn by a small generator of its own, so that a seed gives the same ones. */
function drawn(count: number, last: number, seed: number): number[] {
  const left = Array.from({ length: last }, (_, index) => index + 1);
  let state = (seed + 1) * 2_654_435_761;
  return Array.from({ length: Math.min(count, last) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return left.splice(state % left.length, 1)[0] ?? 1;
  }).sort((a, b) => a - b);
}

function compare(
  killed: string,
  expected: readonly Step[],
  { steps, problems }: Final,
  server: MessagesServer,
): KillOutcome {
  const whole = server.seen.filter((seen) => seen.answered);
  const twice = whole.length - new Set(whole.map(({ scripted }) => scripted)).size;
  const billed = tokens(whole.map((seen) => seen.billed));
  const recorded = tokens(steps.map(({ body }) => (body.kind === 'reply' ? body.usage : null)));
  const lost = (of: readonly Step[]): number => of.filter(({ body }) => body.kind === 'failed-reply').length;
  const unanswered = server.seen.length - whole.length;
  const notes = [
    twice > 0 ? `${twice} turns were answered twice` : '',
    billed === recorded ? '' : 'the record has other tokens than the server',
    lost(steps) < unanswered ? `${unanswered} requests brought no reply, the record tells of ${lost(steps)}` : '',
    differing(expected, steps),
    problems,
  ];
  const note = notes.filter((one) => one !== '').join('; ');
  return { killed, asked: server.seen.length, answered: whole.length, twice, billed, recorded, note };
}

/**
 * What was decided and found must be the same. What a reply read from the cache may differ where it was asked for again, and the number of
 * steps where a request was lost.
 */
function differing(expected: readonly Step[], found: readonly Step[]): string {
  const decided = (steps: readonly Step[]): string[] =>
    steps
      .filter(({ body }) => !['reply', 'failed-reply', 'sealed'].includes(body.kind))
      .map(({ act, content }) => `${act} ${content}`);
  const said = (steps: readonly Step[]): string[] =>
    steps.flatMap(({ act, body }) => (body.kind === 'reply' ? [`${act} ${JSON.stringify(body.content)}`] : []));
  const a = [...decided(expected), ...said(expected)];
  const b = [...decided(found), ...said(found)];
  const first = a.findIndex((one, index) => one !== b[index]);
  return first < 0 && a.length === b.length ? '' : `${a[first]?.split(' ')[0] ?? 'a step'} differs`;
}

function tokens(usages: readonly (Usage | null)[]): number {
  return usages.reduce((sum, usage) => sum + (usage ? Object.values(usage).reduce((a, b) => a + b, 0) : 0), 0);
}
