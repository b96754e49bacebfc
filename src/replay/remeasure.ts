/**
 * Measures a sample of recorded tool calls anew, each in a fresh worker with the half and the model of then, and compares. The
 * record and its artifacts are only read: what is measured now goes to a folder that is removed.
 */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool, type Tool } from '../../tools/index.ts';
import {
  type Engine,
  type JsonObject,
  type ModelFacts,
  Protocol,
  type Run,
  type Split,
  type Step,
} from '../contract/index.ts';
import { randomFrom, sample } from '../expression/index.ts';
import { CALL_MS, callLimit, measuredRevision, prepareRequests } from '../job/index.ts';
import { readTensor } from '../store/index.ts';
import { WorkerHandle } from '../worker/index.ts';
import { type Comparison, classify, intervalOf } from './classify.ts';

export interface RemeasureOptions {
  readonly run: Run;
  readonly steps: readonly Step[];
  readonly artifacts: string;
  readonly python: string;
  /** How many calls. */
  readonly count: number;
  /** Which ones. */
  readonly seed: number;
  /** The folder again, where the run's model was named by one. */
  readonly model?: string | undefined;
  readonly device?: string | undefined;
  readonly onCall?: ((act: string) => void) | undefined;
}

export interface Remeasured extends Comparison {
  readonly step: number;
  readonly act: string;
  readonly tool: string;
}

interface Call {
  readonly step: number;
  readonly act: string;
  readonly split: Split;
  readonly tool: Tool;
  readonly input: JsonObject;
  readonly output: JsonObject;
}

/** Returns a comparison per call, in the order of the record. @throws Refusal where the model is not here; Fault of the worker */
export async function remeasure(options: RemeasureOptions): Promise<Remeasured[]> {
  const calls = callsIn(options.steps);
  const chosen = new Set(sample(calls, options.count, randomFrom(`${options.seed}|remeasure`)));
  const scratch = mkdtempSync(join(tmpdir(), 'recircuit-remeasure-'));
  try {
    const found: Remeasured[] = [];
    for (const split of ['search', 'held-out'] as const) {
      const here = calls.filter((call) => chosen.has(call) && call.split === split);
      if (here.length > 0) found.push(...(await inFreshWorker(options, split, here, scratch)));
    }
    return found.sort((a, b) => a.step - b.step);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Every call that the worker answered with a result. */
function callsIn(steps: readonly Step[]): Call[] {
  const asked = new Map(steps.map(({ act, body }) => [act, body]));
  return steps.flatMap(({ seq, body }): Call[] => {
    if (body.kind !== 'tool-result') return [];
    const [call, tool] = [asked.get(body.call), findTool(body.tool)];
    if (call?.kind !== 'tool-call' || tool?.runs !== 'worker') return [];
    const split = body.phase === 'search' ? 'search' : 'held-out';
    const [input, output] = [call.input as JsonObject, body.output as JsonObject];
    return [{ step: seq, act: body.call, split, tool, input, output }];
  });
}

async function inFreshWorker(
  { run, steps, artifacts, python, model, device, onCall }: RemeasureOptions,
  split: Split,
  calls: readonly Call[],
  scratch: string,
): Promise<Remeasured[]> {
  const opened = steps[0]?.body;
  const { request } = prepareRequests({
    protocol: Protocol.parse(run.protocol),
    model: model ?? run.model,
    revision: measuredRevision(steps),
    engine: opened?.kind === 'opened' ? (opened.engine as Engine | undefined) : undefined,
    device,
    artifacts: scratch,
  });
  const facts = factsOf(steps, split);
  const handle = await WorkerHandle.open({ python }, request(split));
  try {
    const found: Remeasured[] = [];
    for (const { step, act, tool, input, output } of calls) {
      onCall?.(act);
      copyInputs(input, artifacts, scratch);
      const raw = await handle.call(tool.name, input, { timeoutMs: callLimit(tool, input, handle.facts, CALL_MS) });
      const now = tool.output.parse(raw) as JsonObject;
      const read = (side: 'before' | 'after', sha256: string) =>
        readTensor(side === 'before' ? artifacts : scratch, sha256);
      const compared = classify(output, now, intervalOf(output, facts ?? handle.facts), read);
      found.push({ step, act, tool: tool.name, ...compared });
    }
    return found;
  } finally {
    await handle.stop();
  }
}

function factsOf(steps: readonly Step[], split: Split): ModelFacts | undefined {
  const body = steps.find(({ act }) => act === `facts/${split}`)?.body;
  return body?.kind === 'model-facts' ? body.facts : undefined;
}

/** Puts the artifacts that a call reads where the fresh worker looks for them. */
function copyInputs(input: JsonObject, from: string, to: string): void {
  for (const [name] of JSON.stringify(input).matchAll(/\b[0-9a-f]{64}\b/g))
    for (const file of [`${name}.safetensors`, `${name}.json`])
      if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file));
}
