/**
 * Steps as events of Inspect, and the sample's messages. An act of the agent is a model event that repeats the conversation so
 * far, as Inspect writes it; a result is a tool event; everything else is an info event with the whole body. `metadata.recircuit`
 * holds what makes a step a step, so that the record can be made again from the events.
 */
import {
  canonicalJson,
  type JsonObject,
  type Run,
  type Step,
  type StepOf,
  type Usage,
  type Verdict,
} from '../contract/index.ts';
import { type Call, type Message, telling } from './conversation.ts';
import { isWellFormed, type Source, wellFormed } from './source.ts';
import { isAside } from './turns.ts';

/** In Inspect the model is whoever acts; the model that is studied is an argument of the task. */
export const modelName = ({ planner }: Run): string => `recircuit/${planner}`;

/** Returns the verdict and each criterion as scores of Inspect. */
export function scores({ verdict, because, gate, criteria }: Verdict): JsonObject {
  const all = gate === null ? criteria : [gate, ...criteria];
  const each = all.map(({ id, says, status, ...rest }) => [id, { value: status, explanation: says, metadata: rest }]);
  return { verdict: { value: verdict, explanation: because }, ...Object.fromEntries(each) };
}

interface Texts {
  /** Each event as JSON; text, since the repeated conversations are joined and not spelt again. */
  readonly events: string[];
  readonly messages: string[];
}

/** A conversation as it grows: the agent's, or that of a review. */
interface Talk {
  readonly calls: Map<string, Call>;
  readonly messages: string[];
  /** The messages, joined. */
  history: string;
}

/** Returns the events of a run, and the messages of its agent. */
export function eventsOf({ run, steps }: Source): Texts {
  const { first, tell } = telling(run, steps);
  const messages = first.map((message) => spelt(message, run));
  const own: Talk = { calls: new Map(), messages, history: messages.join() };
  const aside: Talk = { calls: new Map(), messages: [], history: '' };
  const events: string[] = [];
  for (const step of steps) {
    const talk = isAside(step) ? aside : own;
    const { calls, messages } = talk;
    const said = tell(step, calls);
    for (const event of one(run, step, calls, said)) events.push(withHistory(event, talk.history));
    for (const message of said) {
      if (message.role === 'assistant') for (const call of message.calls) calls.set(call.id, call);
      const text = spelt(message, run);
      messages.push(text);
      talk.history += talk.history === '' ? text : `,${text}`;
    }
    if (step.body.kind === 'tool-call' && !calls.has(step.act))
      calls.set(step.act, { id: step.act, name: step.body.tool, arguments: step.body.input as JsonObject });
  }
  return { events, messages: own.messages };
}

function withHistory(event: JsonObject, history: string): string {
  const text = JSON.stringify(wellFormed(event));
  return event['event'] === 'model' ? `${text.slice(0, -1)},"input":[${history}]}` : text;
}

function one(run: Run, step: Step, calls: ReadonlyMap<string, Call>, said: readonly Message[]): JsonObject[] {
  const { body } = step;
  if (body.kind === 'tool-call' && said[0]?.role === 'assistant') return [asked(run, step, body, said[0])];
  if (body.kind === 'reply' && said[0]) return [replied(run, step, body, said[0])];
  if (body.kind === 'tool-result') return [answered(run, step, body, calls.get(body.call))];
  const info = { ...framed(run, step, 'info', {}), source: 'recircuit', data: body as unknown as JsonObject };
  if (body.kind !== 'verdict') return [info];
  const marks = Object.entries(scores(body.verdict)).map(([name, score]) => ({
    ...framed(run, step, 'score', null),
    uuid: `${run.run}-${step.seq}-${name}`,
    scorer: name,
    score,
  }));
  return [info, ...marks];
}

/** @param rest what of the body stands nowhere else in the event; null: the step stands in another event */
function framed({ run, opened_at }: Run, step: Step, event: string, rest: JsonObject | null): JsonObject {
  const { seq, act, at, body, content, hash } = step;
  const exact: JsonObject = isWellFormed(body) && isWellFormed(act) ? {} : { exact: canonicalJson({ act, body }) };
  const recircuit: JsonObject =
    rest === null ? { of_step: seq } : { seq, act, at, kind: body.kind, content, hash, ...rest, ...exact };
  const working_start = (Date.parse(at) - Date.parse(opened_at)) / 1000;
  return { event, uuid: `${run}-${seq}`, timestamp: at, working_start, metadata: { recircuit } };
}

function asked(run: Run, step: Step, { phase, serves }: StepOf<'tool-call'>, said: Message): JsonObject {
  const model = modelName(run);
  const message = JSON.parse(spelt(said, run)) as JsonObject;
  return {
    ...framed(run, step, 'model', { phase, serves }),
    ...{ model, tools: [], tool_choice: 'auto', config: {} },
    output: { model, choices: [{ message, stop_reason: 'tool_calls' }] },
  };
}

/** A reply of a language model: the event has what Inspect knows of it, its metadata the blocks as they came. */
function replied(run: Run, step: Step, body: StepOf<'reply'>, said: Message): JsonObject {
  const usage = body.usage && usageOf(body.usage);
  const message = JSON.parse(spelt(said, run)) as JsonObject;
  const stop_reason = STOPS[body.stop_reason] ?? 'unknown';
  return {
    ...framed(run, step, 'model', { body: body as unknown as JsonObject }),
    ...{ model: body.model, tools: [], tool_choice: 'auto', config: {} },
    output: { model: body.model, choices: [{ message, stop_reason }], ...(usage ? { usage } : {}) },
  };
}

function usageOf({ input, cache_read, cache_write_5m, cache_write_1h, output }: Usage): JsonObject {
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output + cache_read + cache_write_5m + cache_write_1h,
    input_tokens_cache_read: cache_read,
    input_tokens_cache_write: cache_write_5m + cache_write_1h,
  };
}

/** Words of the wire -> words of Inspect. */
const STOPS: Readonly<Record<string, string>> = {
  tool_use: 'tool_calls',
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'max_tokens',
  refusal: 'content_filter',
  model_context_window_exceeded: 'model_length',
};

/** Inspect wants text or content blocks as a result: the output is canonical JSON. */
function answered(run: Run, step: Step, body: StepOf<'tool-result'>, call: Call | undefined): JsonObject {
  const { phase, tool, artifacts } = body;
  const rest = {
    phase,
    artifacts: artifacts as unknown as JsonObject[],
    attached: artifacts.map(({ sha256 }) => `attachment://${sha256}`),
  };
  return {
    ...framed(run, step, 'tool', rest),
    ...{ id: body.call, function: tool, arguments: call?.arguments ?? {}, result: canonicalJson(body.output) },
  };
}

function spelt(message: Message, run: Run): string {
  const { id, role, content } = message;
  return JSON.stringify(wellFormed({ id, role, content, ...more(message, modelName(run)) }));
}

function more(message: Message, model: string): JsonObject {
  if (message.role === 'user') return { source: 'input' };
  if (message.role === 'assistant') {
    const calls = message.calls.map(({ id, name, arguments: input }) => ({
      id,
      type: 'function',
      function: name,
      arguments: input,
    }));
    return { source: 'generate', model, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
  }
  const { id, name } = message.answers;
  const error: JsonObject = message.refused ? { error: { type: 'unknown', message: message.content } } : {};
  return { tool_call_id: id, function: name, ...error };
}
