/**
 * Runs tool calls and records each: the call before it is made, then its result or refusal. An act that has an outcome in the
 * record is not run again; one that has only its call is.
 */

import type * as z from 'zod';
import type { Purpose, ToolOutcome, ToolRunner } from '../../agents/index.ts';
import { findTool, type Tool, tools } from '../../tools/index.ts';
import {
  ArtifactRef,
  Fault,
  type JsonObject,
  type ModelFacts,
  type Phase,
  Refusal,
  type StepBody,
} from '../contract/index.ts';
import { unknownName } from '../protocol/index.ts';
import type { CallOptions } from '../worker/index.ts';
import { untilAborted } from './abort.ts';
import { callLimit } from './budget.ts';
import type { CallStop } from './call-stop.ts';
import type { JobEvent } from './options.ts';
import { budgetRefusal } from './purse.ts';
import { refuseForeignReceipt } from './receipts.ts';
import type { RunRecorder } from './recorder.ts';

interface Parts {
  readonly phase: z.infer<typeof Phase>;
  readonly recorder: Pick<RunRecorder, 'record' | 'step'>;
  readonly facts: ModelFacts;
  /** Calls a tool of the worker. */
  readonly worker: (tool: string, input: JsonObject, options: CallOptions) => Promise<JsonObject>;
  /** Answers recall_memory, the one tool that runs here. */
  readonly recall: (input: JsonObject) => JsonObject;
  readonly callMs: number;
  /** Milliseconds that the budget leaves; absent: it is not asked, as in the verification. */
  readonly leftMs?: (() => number) | undefined;
  readonly signal: AbortSignal;
  readonly stop?: CallStop | undefined;
  readonly onEvent: (event: JobEvent) => void;
}

export class RecordingToolRunner implements ToolRunner {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async call(act: string, name: string, input: JsonObject, { serves, because }: Purpose): Promise<ToolOutcome> {
    const { phase, recorder } = this.#parts;
    const known = this.#recorded(act);
    if (known) return known;
    const tool = findTool(name);
    const parsed = tool?.input.safeParse(input);
    const filled = (parsed?.success ? parsed.data : input) as JsonObject;
    recorder.record(act, { kind: 'tool-call', phase, tool: name, input: filled, serves: [...serves], because });
    try {
      if (!tool)
        throw unknownName(
          'tool',
          name,
          tools.map((known) => known.name),
        );
      if (!parsed?.success) throw badInput(name, parsed?.error);
      return this.#result(act, tool, await this.#execute(act, tool, filled));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      recorder.record(`${act}/refusal`, { kind: 'refusal', phase, call: act, failure: error.failure });
      return { kind: 'refusal', failure: error.failure };
    }
  }

  #recorded(act: string): ToolOutcome | undefined {
    const result = this.#parts.recorder.step(`${act}/result`)?.body;
    if (result?.kind === 'tool-result') return { kind: 'result', output: result.output, artifacts: result.artifacts };
    const refusal = this.#parts.recorder.step(`${act}/refusal`)?.body;
    return refusal?.kind === 'refusal' ? { kind: 'refusal', failure: refusal.failure } : undefined;
  }

  #execute(act: string, tool: Tool, input: JsonObject): Promise<JsonObject> {
    const { signal, stop, onEvent, callMs, leftMs, facts, worker, recall } = this.#parts;
    signal.throwIfAborted();
    if (tool.runs === 'orchestrator') return Promise.resolve(recall(input));
    const left = leftMs?.() ?? Number.POSITIVE_INFINITY;
    if (left <= 0) throw budgetRefusal(tool.name, left);
    const most = callLimit(tool, input, facts, callMs);
    const made = (either: AbortSignal): Promise<JsonObject> =>
      worker(tool.name, input, {
        signal: either,
        timeoutMs: Math.min(most, left),
        onProgress: (progress) => onEvent({ kind: 'progress', act, progress }),
      });
    const call = stop ? stop.during(tool.name, signal, made) : made(signal);
    // Left at once: the worker hears of it by the same signal, and is stopped by whoever opened it.
    return untilAborted(call, signal).catch((error: unknown) => {
      const late = error instanceof Fault && error.failure.code === 'time-limit' && left < most;
      throw late ? budgetRefusal(tool.name, left) : error;
    });
  }

  #result(act: string, tool: Tool, raw: JsonObject): ToolOutcome {
    const parsed = tool.output.safeParse(raw);
    if (!parsed.success) {
      throw new Fault({
        code: 'bad-output',
        what: `the result of ${tool.name}`,
        why: `it does not fit the tool's output: ${oneLine(parsed.error)}`,
        instead: 'run `npm run generate`, and report this if it stays',
      });
    }
    const output = parsed.data as JsonObject;
    if (tool.runs === 'worker') refuseForeignReceipt(tool.name, output, this.#parts);
    const artifacts = artifactsIn(output);
    const body: StepBody = {
      kind: 'tool-result',
      phase: this.#parts.phase,
      call: act,
      tool: tool.name,
      output,
      artifacts,
    };
    this.#parts.recorder.record(`${act}/result`, body);
    return { kind: 'result', output, artifacts };
  }
}

/** Every artifact that a result names, in order of appearance, each once. */
function artifactsIn(output: JsonObject): ArtifactRef[] {
  const found = new Map<string, ArtifactRef>();
  const visit = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    const ref = ArtifactRef.safeParse(value);
    if (ref.success) found.set(ref.data.sha256, ref.data);
    else for (const item of Object.values(value)) visit(item);
  };
  visit(output);
  return [...found.values()];
}

function badInput(tool: string, error: z.ZodError | undefined): Refusal {
  return new Refusal({
    code: 'bad-input',
    what: `the input of ${tool}`,
    why: error ? oneLine(error) : 'it does not fit',
    instead: 'mend these fields; `recircuit tools` shows the schema',
  });
}

function oneLine(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`).join('; ');
}
