/**
 * A run as a log of Inspect (`.eval`): a zip of header, summaries and one sample. Every step is one event, and nothing of it is
 * lost: what Inspect has no field for stands in `metadata`, which its schema keeps. The verdict and its criteria are scores;
 * artifacts are attachments named by their hash. What is unmeasured is the word, never a number.
 */
import { canonicalJson, type JsonObject, type Run, type Step } from '../contract/index.ts';
import { eventsOf, modelName, scores } from './inspect-events.ts';
import { artifactsIn, type Source, wellFormed } from './source.ts';
import { zip } from './zip.ts';

const STATUS: Record<Run['state'], string> = {
  sealed: 'success',
  faulted: 'error',
  cancelled: 'cancelled',
  running: 'started',
};

/** A sample above 512 MiB is not shown by Inspect's viewer; the transcript itself must fit beside the tensors. */
const MOST_ATTACHED = 128 * 2 ** 20;

/** Returns the archive and, in a sentence each, the artifacts that are not in it. */
export function inspectLog(source: Source): { bytes: Buffer; left_out: string[] } {
  const { run } = source;
  const { attachments, manifests, left_out } = attached(source);
  const { events, messages } = eventsOf(source);
  const { protocol: _, ...row } = run;
  const scores = scoresOf(source.steps);
  const times = {
    started_at: run.opened_at,
    ...(run.ended_at === null ? {} : { completed_at: run.ended_at, total_time: seconds(run) }),
  };
  const shared = { id: run.run, epoch: 1, input: question(run), target: '', uuid: run.run, ...times };
  const error = run.state === 'faulted' ? { error: { message: run.note, traceback: '', traceback_ansi: '' } } : {};
  const sample = wellFormed({
    ...shared,
    ...error,
    ...(scores === null ? {} : { scores }),
    metadata: { run: row, protocol: canonicalJson(run.protocol), artifacts: manifests, left_out },
    attachments,
  });
  const text = JSON.stringify(sample);
  const whole = [text.slice(0, -1), ',"messages":[', messages.join(','), '],"events":[', events.join(','), ']}'];
  const summary = {
    ...shared,
    metadata: { finding: run.finding, model: run.model },
    ...(scores === null ? {} : { scores }),
  };
  const json = (name: string, value: unknown) => ({ name, data: Buffer.from(JSON.stringify(wellFormed(value))) });
  const entries = [
    { name: `samples/${run.run}_epoch_1.json`, data: Buffer.concat(whole.map((part) => Buffer.from(part))) },
    json('summaries.json', [summary]),
    json('header.json', { ...header(run), ...error }),
  ];
  return { bytes: zip(entries, new Date(run.opened_at)), left_out };
}

/** Returns the name that Inspect gives its own logs: with it a folder is listed without opening every file. */
export function inspectName({ run, finding, opened_at }: Run): string {
  return `${opened_at.slice(0, 19).replaceAll(':', '-')}+00-00_${finding}_${run}.eval`;
}

const question = ({ finding, model, seed }: Run): string => `Reproduce ${finding} on ${model}, seed ${seed}.`;
const seconds = ({ opened_at, ended_at }: Run): number =>
  (Date.parse(ended_at ?? opened_at) - Date.parse(opened_at)) / 1000;

function header(run: Run): JsonObject {
  const sealed = run.state === 'sealed';
  return {
    version: 2,
    status: STATUS[run.state],
    eval: {
      eval_id: run.run,
      run_id: run.run,
      task_id: run.run,
      created: run.opened_at,
      task: run.finding,
      task_args: { model: run.model, seed: run.seed, protocol_sha256: run.protocol_sha256 },
      dataset: { name: run.finding, samples: 1, sample_ids: [run.run] },
      model: modelName(run),
      config: {},
      packages: {},
      metadata: { target_model: run.model, head: run.head, steps: run.steps },
    },
    plan: {},
    stats: { started_at: run.opened_at, ...(run.ended_at === null ? {} : { completed_at: run.ended_at }) },
    ...(sealed
      ? {
          results: {
            total_samples: 1,
            completed_samples: 1,
            scores: [{ name: 'verdict', scorer: 'recircuit', metrics: {} }],
          },
        }
      : {}),
  };
}

function scoresOf(steps: readonly Step[]): JsonObject | null {
  const body = steps.findLast((step) => step.body.kind === 'verdict')?.body;
  return body?.kind === 'verdict' ? scores(body.verdict) : null;
}

function attached(source: Source): { attachments: JsonObject; manifests: JsonObject; left_out: string[] } {
  const { found, wrong } = artifactsIn(source);
  const attachments: JsonObject = {};
  const manifests: JsonObject = {};
  const left_out = [...wrong];
  let bytes = 0;
  for (const artifact of found) {
    const name = artifact.manifest.ref.sha256;
    manifests[name] = artifact.manifest as unknown as JsonObject;
    bytes += artifact.bytes.length;
    if (bytes > MOST_ATTACHED)
      left_out.push(`artifact ${name.slice(0, 12)} is left out: the log would be too large to open`);
    else attachments[name] = `data:application/octet-stream;base64,${artifact.bytes.toString('base64')}`;
  }
  return { attachments, manifests, left_out };
}
