/** A run driven over MCP (fixtures/driven.ts), from the outside: what its clients were told, what the record holds, what was refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offered } from '../../agents/index.ts';
import { EXIT, type Step, type StepOf } from '../contract/index.ts';
import { replay } from '../replay/index.ts';
import { root } from '../root.ts';
import { openRecord, verifyRun } from '../store/index.ts';
import { drive, home, misunderstood, notices, plan, said, search, texts } from './fixtures/driven.ts';

let driven: Awaited<ReturnType<typeof drive>>;
beforeAll(async () => {
  driven = await drive();
}, 240_000);
afterAll(() => driven?.http.server.kill());

const bodies = <K extends Step['body']['kind']>(kind: K): StepOf<K>[] =>
  driven.steps.flatMap(({ body }) => (body.kind === kind ? [body as StepOf<K>] : []));

describe('the server', () => {
  it('offers every experiment, and schemas that are JSON Schema 2020-12', () => {
    const names = driven.tools.map(({ name }) => name);
    for (const { name } of offered()) expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, inputSchema, outputSchema } of driven.tools) {
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false });
      for (const schema of [inputSchema, outputSchema ?? {}]) {
        expect(() => new AjvJsonSchemaValidator().getValidator(schema as never), name).not.toThrow();
      }
    }
  });

  it('serves clients of the older protocol over HTTP too, and says what there is', () => {
    expect(said['findings']?.text).toMatch(/^<data kind="findings">[\s\S]*induction-heads: /);
    expect(said['models']?.text).toMatch(/induction-gpt2: organism .*4 layers of 16 heads/);
  });

  it('teaches the craft in the words of the prompts', () => {
    expect(driven.instructions).toContain(readFileSync(join(root, 'agents/prompts/craft.md'), 'utf8').trim());
    expect(driven.instructions).toContain('observe');
  });

  it.each([
    ['no run', /No run waits for a decision/],
    ['no such tool', /no tool read_file/],
    ['no finding', /did you mean induction-heads\?/],
    ['a path', /no model named/],
    ['bad start', /model[\s\S]*sede|sede[\s\S]*model/],
    ['second run', /one at a time/],
    ['bad plan', /items/],
    ['bad input', /patern/],
    ['no map', /holds no map/],
    ['busy', /search\/05-long.*One call at a time/],
    ['nothing to cancel', /nothing was cancelled/],
    ['early', /there is none before it is measured and sealed/],
    ['too early', /there is none before it is measured and sealed/],
  ])('answers %s by a tool error', (name, words) => {
    expect(said[name]?.text).toMatch(words);
    expect(said[name]?.error).toBe(true);
    expect(said[name]?.text).not.toMatch(/\bat .*\.ts:\d+/);
  });

  it('draws a result as a picture', () => {
    const png = said['map']?.png;
    expect(png?.subarray(1, 4).toString()).toBe('PNG');
    expect(said['map']?.text).toContain('Layers downwards');
  });

  it('lets nobody in from elsewhere', () => {
    expect(driven.http.answers).toEqual({
      'no token': 401,
      'another token': 401,
      'a foreign host': 403,
      'a foreign page': 403,
      'another path': 404,
      'a huge body': 413,
      'nonsense that may come in': 400,
    });
    expect(driven.http.mode).toBe(0o600);
  });

  it('writes nothing but the protocol to stdout', () => {
    // An answer or a notice may cross with the cancellation of its request: that is the protocol, too.
    const crossed = /unknown (message ID|token)/;
    expect(misunderstood.filter(({ message }) => !crossed.test(message))).toEqual([]);
  });

  it('ends on a signal, and its token with it', () => {
    expect(driven.http).toMatchObject({ exitCode: EXIT.interrupted, stdout: '', kept: undefined });
  });
});

describe('a long experiment', () => {
  it('returns at once, is polled and tells how it goes', () => {
    expect(said['long']).toMatchObject({ state: 'working', error: false });
    expect(notices.join('\n')).toMatch(/search\/05-long \(\d+ of \d+/);
  });

  it('can be cancelled; the record says so, and the run goes on', () => {
    expect(said['cancelled']).toMatchObject({ state: 'your-turn', error: false });
    expect(said['cancelled']?.text).toMatch(/refused as search\/05-long \(cancelled\)/);
  });

  it('is cancelled by a client that takes its request back, too', () => {
    expect(driven.withdrawn).toEqual(expect.any(String));
    expect(said['withdrawn']?.text).toMatch(/refused as search\/06-second \(cancelled\)/);
    const cancelled = { failure: { code: 'cancelled' } };
    expect(bodies('refusal')).toMatchObject([cancelled, cancelled]);
  });
});

describe('a client that goes away', () => {
  it('leaves the run as it is, without a worker', () => {
    expect(driven.left.run).toMatchObject({ state: 'cancelled', verdict: null });
    expect(driven.left.workers).toHaveLength(1);
    expect(driven.left.alive).toEqual([]);
  });

  it('is followed by one that hears everything, elsewhere', () => {
    expect(said['resumed']?.text).toMatch(
      /<data kind="finding">[\s\S]*- plan [\s\S]*- attention_scores .*cite search\/01/,
    );
    expect(said['resumed']?.text).toMatch(/experiments are left/);
  });
});

describe('the run', () => {
  it('is measured, sealed and reproduced; the verdict is told as an object', () => {
    expect(said['claimed']).toMatchObject({ state: 'verifying', error: false });
    expect(driven.run).toMatchObject({ state: 'sealed', verdict: 'reproduced', planner: 'external' });
    expect(said['result']?.structured).toMatchObject({ run: driven.run.run, verdict: 'reproduced' });
    expect(said['result']?.text).toContain('verdict: reproduced');
  });

  it('records what the agent was told and what it called, with who it says it is', () => {
    const calls = bodies('reply').flatMap(({ content }) => (content as { name: string }[]).map(({ name }) => name));
    const answered = [...plan, ...search].map(({ tool }) => tool);
    const [first, ...others] = answered;
    const asked = ['plan', first, 'attention_scores', ...others, 'attention_scores', 'attention_scores', 'claim'];
    expect(calls).toEqual(asked);
    for (const reply of bodies('reply')) expect(reply).toMatchObject({ model: 'decision-list/1', usd: null });
  });

  it('is a record like any other: intact, and decided again without network', async () => {
    const record = openRecord(join(home, 'runs.db'), { readOnly: true });
    expect(verifyRun(record, driven.run.run, { artifacts: join(home, 'artifacts') }).problems).toEqual([]);
    record.close();
    const replayed = await replay(driven.run, driven.steps);
    expect(replayed).toMatchObject({ difference: null, sealed: true, planner: 'from its replies' });
  });

  it('tells no threshold, nothing of the verification, and no number of it', () => {
    const all = texts.join('\n');
    expect(all).not.toMatch(/verify\/|held-out\/|known_model|random-heads/);
    const [verdict] = bodies('verdict');
    for (const { threshold } of verdict?.verdict.criteria ?? []) expect(all).not.toContain(threshold);
    const measured = (verdict?.verdict.criteria ?? []).map((one) => String(one.measured));
    // A measured 1 or 0 may stand anywhere; a number of many digits is told only by one who knows it.
    const telling = measured.filter((number) => number.length > 6);
    expect(telling.length).toBeGreaterThan(0);
    for (const number of telling) expect(all).not.toContain(number);
  });
});
