/**
 * The server's own tools: opening, watching and leaving a run, and what can be looked at. Experiments, plan and claim are not here:
 * they are those that every agent is offered (agents/offer). None reads a criterion's threshold, held-out material, or a file.
 */
import * as z from 'zod';
import { data, nameOf, systemOf } from '../../agents/index.ts';
import { type JsonObject, Protocol, Refusal, type Run, Seed, spelled, VerdictName } from '../contract/index.ts';
import { outside } from '../job/index.ts';
import { loadModelCard, loadModelCards, loadProtocol, loadProtocols } from '../protocol/index.ts';
import { heatMapPng, loadHeatMap } from '../report/index.ts';
import type { Answer } from './answer.ts';
import { serving } from './serving.ts';
import type { Session } from './session.ts';
import { told } from './words.ts';

/** How a call waits for what is under way: no longer than `ms`, with progress told meanwhile. */
export type Wait = (ms: number) => Promise<void>;

export interface ServerTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output?: z.ZodObject;
  readonly readOnly: boolean;
  run(input: never, session: Session, wait: Wait): Promise<Answer> | Answer;
}

/** How long a call may take before it says that something is under way. Clients give up on a call after a minute. */
export const GRACE_MS = 1500;
const MOST_SECONDS = 45;

const Nothing = z.strictObject({});
const Start = z.strictObject({
  finding: z.string().describe('a name of list_findings'),
  model: z.string().describe('a name of list_models'),
  seed: Seed.default(0).describe('of all pseudo-random choices'),
});
const Resume = z.strictObject({ run: z.string().describe('its id, or the beginning of it') });
const Observe = z.strictObject({
  wait_s: z.number().min(0).max(MOST_SECONDS).default(20).describe('seconds to wait for what is under way, at most'),
  from_start: z.boolean().default(false).describe('tell the finding, model, gate and every call so far again'),
});
const Result = z.strictObject({
  run: z.string().nullable().default(null).describe('its id, or the beginning of it; null: the run that was open last'),
});
const HeatMapOf = z.strictObject({ of: z.string().describe('name of one of your results, such as ranked') });

const Sealed = z.strictObject({
  run: z.string(),
  finding: z.string(),
  model: z.string(),
  seed: z.number().int(),
  verdict: VerdictName,
  criteria: z
    .array(
      z.strictObject({
        id: z.string(),
        says: z.string(),
        weight: z.enum(['core', 'required', 'flag']),
        status: z.enum(['pass', 'fail', 'unmeasured']),
      }),
    )
    .describe(
      'what was asked of any model and whether it held; the rest, and the numbers, are in the report for people',
    ),
  withdrawn: z.string().nullable().describe('why the run counts no more'),
});

export const serverTools: readonly ServerTool[] = [
  {
    name: 'guide',
    description:
      'How runs are driven here and what the craft asks. Read it once, where the instructions of this server were not shown to you.',
    input: Nothing,
    readOnly: true,
    run: () => ({ text: guide() }),
  },
  {
    name: 'list_findings',
    description: 'The findings that can be reproduced.',
    input: Nothing,
    readOnly: true,
    run: listFindings,
  },
  {
    name: 'list_models',
    description: 'The models on which a finding can be tried.',
    input: Nothing,
    readOnly: true,
    run: listModels,
  },
  {
    name: 'start_run',
    description:
      'Open a run of a finding on a model: the model is loaded and the gate measured, then it is your turn. One run at a time.',
    input: Start,
    readOnly: false,
    run: (asked: z.infer<typeof Start>, session, wait) => {
      loadProtocol(asked.finding);
      loadModelCard(asked.model);
      session.start(asked);
      return afterwards(session, wait, GRACE_MS);
    },
  },
  {
    name: 'resume_run',
    description: 'Go on with a run of yours that was left or cut off. You are told everything that was done so far.',
    input: Resume,
    readOnly: false,
    run: ({ run }: z.infer<typeof Resume>, session, wait) => {
      session.resume(run);
      return afterwards(session, wait, GRACE_MS, true);
    },
  },
  {
    name: 'observe',
    description:
      'Wait a while for what is under way and say where the run stands; where it is your turn, what you were told last.',
    input: Observe,
    readOnly: true,
    run: async ({ wait_s, from_start }: z.infer<typeof Observe>, session, wait) => ({
      ...(await afterwards(session, wait, wait_s * 1000, from_start)),
      error: session.standing.state === 'failed',
    }),
  },
  {
    name: 'cancel',
    description:
      'End the experiment that is under way. It is recorded as refused and counts as an experiment; the run goes on.',
    input: Nothing,
    readOnly: false,
    run: async (_, session, wait) => {
      const act = session.cancelCall();
      if (act === null) return { text: 'No experiment of yours is under way, so nothing was cancelled.', error: true };
      await wait(MOST_SECONDS * 1000);
      return { ...told(session.standing), error: false };
    },
  },
  {
    name: 'leave_run',
    description: 'Stop the worker and leave the run as it is. It can be resumed and counts as nothing until then.',
    input: Nothing,
    readOnly: false,
    run: async (_, session) => {
      await session.leave();
      return told(session.standing);
    },
  },
  {
    name: 'result',
    description: 'The verdict of a run, once the claim was measured and the run is sealed.',
    input: Result,
    output: Sealed,
    readOnly: true,
    run: ({ run }: z.infer<typeof Result>, session) => resultOf(session, run ?? session.standing.run),
  },
  {
    name: 'heat_map',
    description: 'A result of yours over layers and heads as a picture: rank_heads, attention_scores, copy_scores.',
    input: HeatMapOf,
    readOnly: true,
    run: ({ of }: z.infer<typeof HeatMapOf>, session) => heatMap(session, of),
  },
];

/** Who an agent is here, the craft, how to work, and what is special about this server. */
export function guide(): string {
  return `${systemOf(outside.prompts())}\n\n${serving}`;
}

/** Waits, and says where the run stands then. */
export async function afterwards(session: Session, wait: Wait, ms: number, whole = false): Promise<Answer> {
  await wait(ms);
  return told(session.standing, whole);
}

function listFindings(): Answer {
  const lines = [...loadProtocols().values()].flatMap(({ finding, claim, source, behaviour, known_on }) => [
    `${finding}: ${claim}`,
    `  behaviour ${behaviour}; ${source.title} (arXiv ${source.arxiv}); known on ${known_on.join(', ')}`,
  ]);
  return { text: data('findings', lines.join('\n')) };
}

function listModels(): Answer {
  // What a card says about a model's history is what an agent is to find out.
  const lines = [...loadModelCards().values()].map(
    ({ model, where, expect: { layers, heads, d_model } }) =>
      `${model}: ${KINDS[where.kind]}, ${layers} layers of ${heads} heads, width ${d_model}`,
  );
  return { text: data('models', lines.join('\n')) };
}

const KINDS = {
  organism: 'organism (small, made to test the instrument)',
  hub: 'from a hub, where its weights lie here already',
  folder: 'in a folder here',
} as const;

function resultOf({ record }: Session, name: string | null): Answer {
  if (name === null)
    throw new Refusal({ code: 'no-run', what: 'the result', why: 'no run was open here', instead: 'name a run' });
  const run = record.findRun(name);
  const body = record.step(run.run, 'verdict')?.body;
  if (run.state !== 'sealed' || run.verdict === null || body?.kind !== 'verdict') throw notSealed(run);
  const { finding, model, seed, verdict } = run;
  const withdrawn = run.withdrawn === null ? null : spelled(run.withdrawn);
  const protocol = Protocol.parse(run.protocol);
  // Those that an agent may know: the others speak of what was published for this very model.
  const known = new Set([protocol.gate.criterion, ...protocol.criteria.new_model].map(({ id }) => id));
  const all = [body.verdict.gate, ...body.verdict.criteria].filter((one) => one !== null);
  const criteria = all
    .filter(({ id }) => known.has(id))
    .map(({ id, says, weight, status }) => ({ id, says, weight, status }));
  const structured = Sealed.parse({ run: run.run, finding, model, seed, verdict, criteria, withdrawn }) as JsonObject;
  const lines = [
    `run ${run.run}: ${finding} on ${model}, seed ${seed}`,
    `verdict: ${verdict}`,
    ...criteria.map(({ id, says, weight, status }) => `${id} (${weight}) ${status}: ${says}`),
    ...(withdrawn === null ? [] : [`withdrawn, it counts no more: ${withdrawn}`]),
  ];
  return { text: data('verdict', lines.join('\n')), structured };
}

function notSealed({ run, state }: Run): Refusal {
  return new Refusal({
    code: 'not-sealed',
    what: `the verdict of run ${run}`,
    why: `the run is ${state}, and there is none before it is measured and sealed`,
    instead: 'poll with observe, or go on with resume_run',
  });
}

function heatMap({ record, artifacts, standing }: Session, of: string): Answer {
  const steps = standing.run === null ? [] : record.steps(standing.run);
  const call = steps.find(
    ({ act, body }) => body.kind === 'tool-call' && body.phase === 'search' && nameOf(act) === of,
  );
  const map = standing.run === null || !call ? null : loadHeatMap(record, standing.run, artifacts, call.act);
  if (map === null) {
    throw new Refusal({
      code: 'no-map',
      what: `a heat map of ${of}`,
      why: call ? 'that result holds no map over layers and heads' : 'this run has no call of that name',
      instead: 'name a result of rank_heads, attention_scores or copy_scores',
    });
  }
  const words = `${of}: ${map.title}, in ${map.unit}. Layers downwards, heads to the right, counted from 0; orange above zero, blue below.`;
  return { text: words, png: heatMapPng(map) };
}
