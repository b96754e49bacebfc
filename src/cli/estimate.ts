/**
 * How far a run is and how long it will take, from the tools' own cost estimates: forwards planned by the protocol, forwards
 * done, time passed. A guess for a person who waits; nothing is decided by it.
 */

import type * as z from 'zod';
import { findTool, type Tool } from '../../tools/index.ts';
import { type Json, type JsonObject, type ModelFacts, Prompts, type Protocol, type Step } from '../contract/index.ts';

/** What a call costs beside its forwards, in forwards: prompts, files, the pipe. */
const PER_CALL = 20;
/** Rows of the fast engine that take as long as a forward: half the layers, one token of a prompt of some 25 to 100. */
const ROWS_PER_FORWARD = 50;
/** Before this share is done, a guess of the time left would mislead. */
const LEAST = 0.02;

/** What a whole run is expected to cost, if its agent follows the published procedure. */
export interface PlannedCost {
  readonly forwards: number;
  readonly rows: number;
}

/** Returns the sum of the tools' own estimates. @param tasks of the behaviour, all of which may pass the gate */
export function plannedCost(
  protocol: Protocol,
  tasks: number,
  facts: Pick<ModelFacts, 'layers' | 'heads'>,
): PlannedCost {
  const sum = { forwards: 0, rows: 0 };
  for (const item of everyItem(protocol)) {
    const { forwards, rows } = costOf(item.tool, withTasks(item, tasks), facts) ?? { forwards: 0, rows: 0 };
    sum.forwards += item.times * forwards;
    sum.rows += item.times * rows;
  }
  return sum;
}

interface Item {
  readonly name: string;
  readonly tool: string;
  readonly input: JsonObject;
  /** How often it will be called. */
  readonly times: number;
  readonly tasksFrom: string | null;
}

export class Estimate {
  readonly #items: Item[];
  readonly #tasks: number;
  /** Lengths of task lists that earlier calls have shown, by the name they come from. */
  readonly #learned = new Map<string, number>();
  #facts: ModelFacts | undefined;
  #started: number | undefined;
  #done = 0;
  #current = 0;
  #inside = 0;
  readonly #calls: string[] = [];

  /** @param earlier steps of a run that goes on: what they did is neither ahead nor part of the time that passes now */
  constructor(protocol: Protocol, tasks: number, earlier: readonly Step[] = []) {
    this.#tasks = tasks;
    for (const { act, body } of earlier) if (body.kind === 'tool-call') this.#calls.push(act);
    this.#items = everyItem(protocol);
  }

  /** Takes a step of the run into account. */
  step({ act, body }: Step): void {
    if (body.kind === 'model-facts') this.#facts = body.facts;
    if (body.kind === 'tool-result' || body.kind === 'refusal') this.#finish();
    if (body.kind !== 'tool-call') return;
    this.#started ??= Date.now();
    if (!this.#calls.includes(act)) this.#calls.push(act);
    this.#current = this.#cost(body.tool, body.input);
    this.#learn(act, body.input);
  }

  /** The share of the present call that is done. */
  inside(share: number): void {
    this.#inside = Math.max(0, Math.min(1, share));
  }

  /** Returns the share of the run that is done, and the seconds left; null until there is something to go by. */
  now(): { share: number; left: number | null } {
    const done = this.#done + this.#current * this.#inside;
    const ahead = this.#ahead() + this.#current * (1 - this.#inside);
    const share = done + ahead > 0 ? done / (done + ahead) : 0;
    const passed = this.#started === undefined ? 0 : (Date.now() - this.#started) / 1000;
    return { share, left: passed < 3 || share < LEAST ? null : (passed / done) * ahead };
  }

  #finish(): void {
    this.#done += this.#current;
    this.#current = 0;
    this.#inside = 0;
  }

  #ahead(): number {
    let skip = this.#calls.length;
    let cost = 0;
    for (const item of this.#items) {
      const called = Math.min(skip, item.times);
      skip -= called;
      if (called < item.times) cost += (item.times - called) * this.#cost(item.tool, this.#guess(item));
    }
    return cost;
  }

  #cost(name: string, input: JsonObject): number {
    const cost = this.#facts === undefined ? null : costOf(name, input, this.#facts);
    return cost === null ? PER_CALL : PER_CALL + cost.forwards + cost.rows / ROWS_PER_FORWARD;
  }

  #guess(item: Item): JsonObject {
    return withTasks(item, this.#learned.get(item.tasksFrom ?? '') ?? this.#tasks);
  }

  #learn(act: string, input: JsonObject): void {
    const tasks = (input['prompts'] as JsonObject | undefined)?.['tasks'];
    const item = this.#items.find(({ name }) => act.split('/').some((word) => word.replace(/^\d+-/, '') === name));
    if (Array.isArray(tasks) && item?.tasksFrom) this.#learned.set(item.tasksFrom, tasks.length);
  }
}

/**
 * What a call is expected to cost; null where nothing can be said, as of a planner's input that the tool will refuse. Of an input
 * whose values only the run knows, the numbers that are there count.
 */
function costOf(name: string, input: JsonObject, facts: Pick<ModelFacts, 'layers' | 'heads'>): PlannedCost | null {
  const tool = findTool(name);
  if (tool === undefined) return null;
  try {
    const { forwards, rows } = tool.cost(withDefaults(tool, input) as never, facts as ModelFacts);
    return { forwards: Number.isFinite(forwards) ? forwards : 0, rows: Number.isFinite(rows) ? rows : 0 };
  } catch {
    return null;
  }
}

/** The input with the tool's own values where it has none, as the tool will have it. */
function withDefaults(tool: Tool, input: JsonObject): JsonObject {
  const known = tool.input.safeParse(input);
  if (known.success) return known.data as JsonObject;
  const filled: JsonObject = {};
  for (const [field, schema] of Object.entries(tool.input.shape as Record<string, z.ZodType>)) {
    const { success, data } = schema.safeParse(undefined);
    if (success && data !== undefined) filled[field] = data as Json;
  }
  const { prompts } = input;
  const told = Prompts.safeParse({ ...(prompts as JsonObject | undefined), seed: 0 });
  return { ...filled, ...input, ...(told.success ? { prompts: told.data as unknown as Json } : {}) };
}

/** Everything that a run calls: the gate on both halves, the search, the verification. */
function everyItem(protocol: Protocol): Item[] {
  const gate = itemsOf(protocol, protocol.gate.measure);
  // What few models are measured on besides is little beside the rest.
  const measured = protocol.measurements.filter((step) => !('models' in step) || step.models === undefined);
  return [...gate, ...itemsOf(protocol, protocol.procedure), ...gate, ...itemsOf(protocol, measured)];
}

/** The input with that many tasks, where it does not name them itself. */
function withTasks({ input, tasksFrom }: Item, count: number): JsonObject {
  const prompts = input['prompts'] as JsonObject | undefined;
  if (prompts === undefined || tasksFrom === null) return input;
  return { ...input, prompts: { ...prompts, tasks: Array.from({ length: count }, (_, task) => `task-${task}`) } };
}

function itemsOf(protocol: Protocol, steps: Protocol['measurements']): Item[] {
  return steps.flatMap((step) => {
    if (!('tool' in step)) return [];
    const sets = step.over ? protocol.controls.find(({ control }) => control === step.over?.control)?.sets : 1;
    const prompts = step.input['prompts'] as JsonObject | undefined;
    const tasks = prompts?.['tasks'];
    return [
      {
        name: step.name,
        tool: step.tool,
        input: step.input,
        times: sets ?? 1,
        tasksFrom: tasks === undefined || Array.isArray(tasks) ? null : JSON.stringify(tasks),
      },
    ];
  });
}
