/** Exports for other programs, without those programs: what is in them, and what must not be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type JsonObject, Refusal, type StepBody } from '../contract/index.ts';
import { freshHome, protocol, recordRun } from '../report/testing.ts';
import { root } from '../root.ts';
import { openRecord, readTrajectory, verifyRun } from '../store/index.ts';
import { openRun, sealedRun } from '../store/testing.ts';
import { jsonl, otlp, readJsonl, sft } from './index.ts';

const home = freshHome();
const run = recordRun(home);
const steps = home.record.steps(run.run);
const source = { run, steps, artifacts: home.artifacts };
const language = readTrajectory(readFileSync(join(root, 'evals/trajectories/language.jsonl'), 'utf8'));
const both = [
  ['scripted', run, steps],
  ['language', language.run, language.steps],
] as const;
const fresh = () => openRecord(join(freshHome().home, 'other.db'));

describe('jsonl', () => {
  test('is read back and imported as the same run, step for step', () => {
    const { text, left_out } = jsonl(home.record, source);
    const read = readJsonl(text, 'x.jsonl');
    const record = fresh();
    expect(left_out).toEqual([]);
    expect(record.importRun(read.recorded)).toEqual(run);
    expect(record.steps(run.run)).toEqual(steps);
    expect(record.importRun(read.recorded)).toEqual(run);
    expect(read.tensors.length).toBeGreaterThan(0);
    expect(record.cells()).toEqual([]);
    expect(record.list()).toMatchObject([{ run: run.run, imported: expect.any(String) }]);
    expect(home.record.list()).toMatchObject([{ run: run.run, imported: null }]);
    const found = verifyRun(record, run.run, { artifacts: home.artifacts });
    expect(found).toMatchObject({ ok: true, signature: { whose: 'ours' } });
    expect(jsonl(record, { ...source, run: record.findRun(run.run) }).text).toBe(text);
  });

  test('one changed, dropped, doubled, swapped or cut line is refused, and nothing is recorded', () => {
    const lines = jsonl(home.record, source)
      .text.split('\n')
      .slice(0, steps.length + 2);
    const changes: [string, (line: number) => string[]][] = [
      ['dropped', (i) => lines.toSpliced(i, 1)],
      ['doubled', (i) => lines.toSpliced(i, 0, lines[i] ?? '')],
      ['swapped', (i) => lines.toSpliced(i, 2, lines[i + 1] ?? '', lines[i] ?? '')],
      ['cut', (i) => lines.slice(0, i)],
      ['changed', (i) => lines.with(i, (lines[i] ?? '').replace(/"at":"20(\d)/, '"at":"21$1'))],
    ];
    for (const [what, change] of changes)
      for (let i = 1; i < steps.length; i += 13) {
        const read = readJsonl(change(i).join('\n'), 'x.jsonl');
        const record = fresh();
        expect(() => record.importRun(read.recorded), `${what} ${i}`).toThrow(Refusal);
        expect(record.runs()).toEqual([]);
        record.close();
      }
  });

  test('a run row that says otherwise is refused', () => {
    const read = readJsonl(jsonl(home.record, source).text, 'x.jsonl');
    const lies = [
      { verdict: 'partial' },
      { seed: 9 },
      { steps: 3 },
      { head: '0'.repeat(64) },
      { model: 'icl-llama' },
    ] as const;
    for (const lie of lies)
      expect(() => fresh().importRun({ ...read.recorded, run: { ...read.recorded.run, ...lie } })).toThrow(Refusal);
  });

  test('what is no export, and a run that is still open, are refused', () => {
    expect(() => readJsonl('{"run":{}}\n', 'x.jsonl')).toThrow(/x.jsonl/);
    expect(() => readJsonl('no', 'x.jsonl')).toThrow(/no run is in it/);
    const record = fresh();
    const open = openRun(record);
    const text = jsonl(record, { run: open, steps: [], artifacts: home.artifacts }).text;
    expect(() => fresh().importRun(readJsonl(text, 'x.jsonl').recorded)).toThrow(/still running/);
  });
});

describe('sft', () => {
  interface Line {
    messages: {
      role: string;
      content: string;
      tool_call_id?: string;
      tool_calls?: { id: string; function: { name: string; arguments: string } }[];
    }[];
    tools: { function: { name: string; parameters: JsonObject } }[];
    metadata: JsonObject;
  }
  const lineOf = (of: Parameters<typeof sft>): Line => JSON.parse(sft(...of)) as Line;
  const line = lineOf([run, steps]);

  test.each(both)('of a %s planner is a chat in which every call is offered, answered once and parses', (_, ...of) => {
    const line = lineOf(of);
    const offered = new Set(line.tools.map((tool) => tool.function.name));
    const open = new Set<string>();
    for (const { role, tool_calls = [], tool_call_id } of line.messages) {
      for (const call of tool_calls) {
        expect(offered).toContain(call.function.name);
        expect(() => JSON.parse(call.function.arguments)).not.toThrow();
        open.add(call.id);
      }
      if (role === 'tool') expect(open.delete(tool_call_id ?? '')).toBe(true);
    }
    const [last] = line.messages.at(-1)?.tool_calls ?? [];
    expect(last?.function.name).toBe('claim');
    expect([...open]).toEqual([last?.id]);
    expect(line.messages[0]?.role).toBe('user');
    expect(line.metadata).toMatchObject({ run: of[0].run, verdict: 'reproduced' });
  });

  test('of a language planner is what it was told and what it answered, word for word, without its review', () => {
    const own = language.steps.filter(({ act }) => act.startsWith('turn/'));
    const told = own.flatMap(({ body }) => (body.kind === 'turn' ? (body.told as JsonObject[]) : []));
    const said = own.flatMap(({ body }) => (body.kind === 'reply' ? (body.content as JsonObject[]) : []));
    const { messages, metadata } = lineOf([language.run, language.steps]);
    const others = messages.filter(({ role }) => role !== 'assistant').map(({ content }) => content);
    expect(others).toEqual(told.map(({ text, content }) => text ?? content));
    expect(messages.filter(({ role }) => role === 'assistant').map(({ content }) => content)).toEqual(
      said.flatMap(({ text }) => text ?? []),
    );
    expect(others.at(-2)).toContain('asks for one more round');
    expect(JSON.stringify(messages)).not.toContain('Hand in your review');
    expect(metadata).toMatchObject({ settings: { prompts_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });

  test.each(both)('of a %s planner holds no number of the held-out half', (_, run, steps) => {
    const text = JSON.stringify(lineOf([run, steps]).messages);
    const shown = new Set(text.match(/\d+\.\d{3,}/g));
    const held = steps.filter(({ body }) => 'phase' in body && body.phase === 'verify');
    const secret = new Set(JSON.stringify(held.map(({ body }) => body)).match(/\d+\.\d{3,}/g));
    const search = JSON.stringify(steps.filter((step) => !held.includes(step)).map(({ body }) => body));
    for (const number of secret) if (!search.includes(number)) expect(shown).not.toContain(number);
    for (const { act } of held) expect(text).not.toContain(act);
  });

  test('neither measurements, controls nor known rankings of the protocol are told', () => {
    const text = JSON.stringify(line.messages);
    const known = new Set([...protocol.procedure, ...protocol.gate.measure].map(({ name }) => name));
    const hidden = protocol.measurements.filter(({ name }) => !known.has(name));
    expect(hidden.length).toBeGreaterThan(2);
    for (const { name } of hidden) expect(text).not.toContain(`\\"name\\":\\"${name}\\"`);
    for (const { says } of protocol.criteria.known_model) expect(text).not.toContain(says);
  });

  test('a run whose agent had not finished is refused', () => {
    expect(() => sft(run, steps.slice(0, 5))).toThrow(/had not finished/);
  });
});

describe('otlp', () => {
  const spansOf = (text: string) =>
    (JSON.parse(text) as { resourceSpans: [{ scopeSpans: [{ spans: Span[] }] }] }).resourceSpans[0].scopeSpans[0].spans;
  interface Span {
    readonly traceId: string;
    readonly spanId: string;
    readonly parentSpanId?: string;
    readonly name: string;
    readonly startTimeUnixNano: string;
    readonly endTimeUnixNano: string;
    readonly attributes: { key: string; value: object }[];
    readonly status?: { code: number };
  }

  test.each(both)('of a %s planner is one trace with one span for each act, under the span of the run', (_, ...of) => {
    const spans = spansOf(otlp(...of));
    const acts = of[1].filter(({ body }) => !['tool-result', 'refusal', 'reply'].includes(body.kind));
    expect(spans).toHaveLength(acts.length + 1);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    const [root, ...children] = spans;
    for (const child of children) expect(child).toMatchObject({ traceId: root?.traceId, parentSpanId: root?.spanId });
    for (const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } of spans) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(spanId).toMatch(/^[0-9a-f]{16}$/);
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
  });

  test('names agent and tools as the conventions do, and every hash is in it', () => {
    const text = otlp(run, steps);
    const call = spansOf(text).find(({ name }) => name === 'execute_tool rank_heads');
    const keys = call?.attributes.map(({ key }) => key) ?? [];
    for (const key of ['gen_ai.operation.name', 'gen_ai.tool.name', 'gen_ai.tool.call.id', 'gen_ai.conversation.id'])
      expect(keys).toContain(key);
    for (const { hash } of steps) expect(text).toContain(hash);
  });

  test('has each turn of a language planner and of its review as a chat, with the tokens that were counted', () => {
    const chats = spansOf(otlp(language.run, language.steps)).filter(({ name }) => name === 'chat claude-opus-5-5');
    const replies = language.steps.flatMap(({ body }) => (body.kind === 'reply' ? [body] : []));
    const of = ({ attributes }: Span, key: string) => attributes.find((one) => one.key === key)?.value;
    expect(chats.map((span) => of(span, 'recircuit.act'))).toEqual(replies.map(({ turn }) => ({ stringValue: turn })));
    expect(replies.map(({ turn }) => turn)).toContain('review/turn/001');
    for (const [index, { usage }] of replies.entries()) {
      const { output = 0, ...read } = usage ?? {};
      const sum = Object.values(read).reduce((a, b) => a + b, 0);
      const span = chats[index] as Span;
      expect(of(span, 'gen_ai.usage.input_tokens')).toEqual({ intValue: String(sum) });
      expect(of(span, 'gen_ai.usage.output_tokens')).toEqual({ intValue: String(output) });
      expect(of(span, 'gen_ai.provider.name')).toEqual({ stringValue: 'anthropic' });
    }
  });

  test('a refused call is an error of its type', () => {
    const { record, artifacts } = freshHome();
    const other = sealedRun(record, artifacts);
    const [first, second, third] = record.steps(other.run);
    if (!first || !second || !third) throw new Error('the run has steps');
    const failure = { kind: 'refusal', code: 'unknown-task', what: 'x', why: 'y', instead: 'z' } as const;
    const body: StepBody = { kind: 'refusal', phase: 'search', call: second.act, failure };
    const span = spansOf(otlp(other, [first, second, { ...third, body }])).at(-1);
    expect(span).toMatchObject({ name: 'execute_tool sweep_heads', status: { code: 2 } });
    expect(span?.attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'unknown-task' } });
  });
});
