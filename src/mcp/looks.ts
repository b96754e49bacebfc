/** What can be looked at beside a run's own words: what there is, a verdict, a picture. Nothing here changes a run. */
import * as z from 'zod';
import { data, nameOf } from '../../agents/index.ts';
import { type JsonObject, Protocol, Refusal, type Run, spelled, VerdictName } from '../contract/index.ts';
import { loadModelCards, loadProtocols } from '../protocol/index.ts';
import { heatMapPng, loadHeatMap } from '../report/index.ts';
import type { Answer } from './answer.ts';
import type { Session } from './session.ts';

export const Sealed = z.strictObject({
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

export function listFindings(): Answer {
  const lines = [...loadProtocols().values()].flatMap(({ finding, claim, source, behaviour, known_on }) => [
    `${finding}: ${claim}`,
    `  behaviour ${behaviour}; ${source.title} (arXiv ${source.arxiv}); known on ${known_on.join(', ')}`,
  ]);
  return { text: data('findings', lines.join('\n')) };
}

export function listModels(): Answer {
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

export function resultOf({ record }: Session, name: string | null): Answer {
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
    .map(({ id, says, weight, status }) => ({ id, says: spelled(says), weight, status }));
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

export function heatMap({ record, artifacts, standing }: Session, of: string): Answer {
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
