/**
 * A run as OTLP JSON: one trace, one span for each act under one span for the run, attributes by the semantic conventions for
 * generative AI. A call and its result are one act. Ids are derived from the run, so that two exports are the same trace.
 */
import {
  canonicalJson,
  type Json,
  type JsonObject,
  type Run,
  type Step,
  sha256,
  type Usage,
} from '../contract/index.ts';

const INTERNAL = 1;
const ERROR = 2;
/** Of the conventions whose attribute names are used here. */
const SCHEMA = 'https://opentelemetry.io/schemas/1.37.0';

/** Returns the document that an OTLP receiver takes at `/v1/traces`. */
export function otlp(run: Run, steps: readonly Step[]): string {
  const traceId = sha256(run.run).slice(0, 32);
  const root = spanId(run, '');
  const ended = run.ended_at ?? steps.at(-1)?.at ?? run.opened_at;
  const whole = {
    traceId,
    spanId: root,
    name: `invoke_agent ${run.planner}`,
    kind: INTERNAL,
    ...times(run.opened_at, ended),
    attributes: attributes({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': run.planner,
      'gen_ai.conversation.id': run.run,
      'recircuit.finding': run.finding,
      'recircuit.model': run.model,
      'recircuit.seed': run.seed,
      'recircuit.state': run.state,
      'recircuit.verdict': run.verdict,
      'recircuit.protocol_sha256': run.protocol_sha256,
      'recircuit.head': run.head,
    }),
    ...(run.state === 'faulted' ? { status: { code: ERROR, message: run.note } } : {}),
  };
  const answers = new Map(steps.flatMap((step) => (answered(step) === null ? [] : [[answered(step), step] as const])));
  const acts = steps.filter((step) => answered(step) === null);
  const spans = acts.map((step) => ({
    traceId,
    parentSpanId: root,
    ...span(run, step, answers.get(step.act) ?? step),
  }));
  const resource = { attributes: attributes({ 'service.name': 'recircuit' }) };
  const scope = { name: 'recircuit' };
  const document = {
    resourceSpans: [{ resource, scopeSpans: [{ scope, schemaUrl: SCHEMA, spans: [whole, ...spans] }] }],
  };
  return `${JSON.stringify(document)}\n`;
}

/** The act that a step ends: a call by its result, a turn by its reply. */
function answered({ body }: Step): string | null {
  if (body.kind === 'reply') return body.turn;
  return 'call' in body ? body.call : null;
}

function span(run: Run, step: Step, end: Step): JsonObject {
  const { body } = step;
  const failure = end.body.kind === 'refusal' || end.body.kind === 'fault' ? end.body.failure : null;
  const { name, values } = told(run, step, end);
  return {
    spanId: spanId(run, step.act),
    name,
    kind: INTERNAL,
    ...times(step.at, end.at),
    attributes: attributes({
      ...values,
      'recircuit.act': step.act,
      'recircuit.kind': body.kind,
      'recircuit.seq': step.seq,
      'recircuit.content': step.content,
      'recircuit.hash': step.hash,
      ...('phase' in body ? { 'recircuit.phase': body.phase } : {}),
      ...(failure === null ? {} : { 'error.type': failure.code }),
    }),
    ...(failure === null ? {} : { status: { code: ERROR, message: `${failure.what}: ${failure.why}` } }),
  };
}

/** What a span says by the conventions; a kind of step that they do not know is there as a whole. */
function told(run: Run, { act, body }: Step, end: Step): { name: string; values: JsonObject } {
  if (body.kind === 'tool-call')
    return { name: `execute_tool ${body.tool}`, values: tool(run, act, body.tool, body.input as Json, end) };
  const whole = { 'recircuit.body': canonicalJson(body) };
  if (body.kind !== 'turn') return { name: `${body.kind} ${act}`, values: whole };
  return { name: `chat ${body.model}`, values: { ...whole, ...chat(run, body.model, end) } };
}

function chat({ run, planner }: Run, model: string, { seq, hash, body }: Step): JsonObject {
  const asked = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': /^(?:chat:)?([^:]+)/.exec(planner)?.[1] ?? planner,
    'gen_ai.request.model': model,
    'gen_ai.conversation.id': run,
  };
  if (body.kind !== 'reply') return asked;
  return {
    ...asked,
    'gen_ai.response.model': body.model,
    'gen_ai.response.id': body.id,
    ...(body.usage
      ? { 'gen_ai.usage.input_tokens': read(body.usage), 'gen_ai.usage.output_tokens': body.usage.output }
      : {}),
    'recircuit.reply': canonicalJson(body),
    'recircuit.result.seq': seq,
    'recircuit.result.hash': hash,
  };
}

/** The conventions count what came from a cache as input too. */
const read = ({ output: _, ...input }: Usage): number => Object.values(input).reduce((sum, tokens) => sum + tokens, 0);

function tool(run: Run, act: string, name: string, input: Json, end: Step): JsonObject {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': act,
    'gen_ai.tool.call.arguments': canonicalJson(input),
    'gen_ai.conversation.id': run.run,
    ...(end.body.kind === 'tool-result'
      ? {
          'gen_ai.tool.call.result': canonicalJson(end.body.output),
          'recircuit.result.seq': end.seq,
          'recircuit.result.hash': end.hash,
        }
      : {}),
  };
}

const spanId = ({ run }: Run, act: string): string => sha256(`${run}/${act}`).slice(0, 16);

const times = (from: string, to: string): JsonObject => ({
  startTimeUnixNano: nanos(from),
  endTimeUnixNano: nanos(to),
});
const nanos = (iso: string): string => `${Date.parse(iso)}000000`;

function attributes(values: Readonly<Record<string, Json>>): JsonObject[] {
  return Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [{ key, value: typed(value) }]));
}

/** In JSON of OTLP whole numbers are texts. */
function typed(value: Json): JsonObject {
  if (typeof value !== 'number') return { stringValue: String(value) };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
