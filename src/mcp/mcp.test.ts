/**
 * One run driven by the stock client of the MCP SDK: begun over stdio by a client that goes away, ended over HTTP by another one. The
 * server is the command itself, in processes of its own, with a real worker.
 */
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offered } from '../../agents/index.ts';
import { decisionsOf, serverIn } from '../../evals/suites/demo-mcp.ts';
import { McpAgent, type Said } from '../../evals/suites/mcp-client.ts';
import { EXIT, type Run, type Step, type StepOf } from '../contract/index.ts';
import { replay } from '../replay/index.ts';
import { openRecord, verifyRun } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';

// Threads that wait for each other cost more than they bring.
process.env['OMP_NUM_THREADS'] ??= '1';
const home = temporaryFolder();
const decisions = decisionsOf('induction-heads');
const [plan, claim] = [decisions.slice(0, 1), decisions.slice(-1)];
const search = decisions.slice(1, -1);
const prompts = { kind: 'repeated-tokens', length: 100, repeats: 2, count: 512 };
const long = { name: 'long', serves: ['N1'], because: 'to be cancelled', input: { prompts, pattern: 'induction' } };

/** Everything that any client was told. */
const texts: string[] = [];
const notices: string[] = [];
const said: Record<string, Said> = {};
let withdrawn: unknown;
let tools: Awaited<ReturnType<McpAgent['client']['listTools']>>['tools'];
let instructions: string | undefined;
let left: { run: Run; workers: number[]; alive: number[] };
let http: Awaited<ReturnType<typeof overHttp>>;
let run: Run;
let steps: readonly Step[];

const told = {
  onCall: (name: string, _: unknown, { text, structured }: Said): void =>
    void texts.push(text, JSON.stringify(structured ?? name)),
  onProgress: (message: string): void => void notices.push(message),
};

beforeAll(async () => {
  const { server, workers } = await overStdio();
  const alive = [server ?? 0, ...workers].filter(isAlive);
  left = { run: onlyRun().run, workers, alive };
  http = await overHttp();
  ({ run, steps } = onlyRun());
}, 240_000);
afterAll(() => http?.server.kill());

function onlyRun(): { run: Run; steps: readonly Step[] } {
  const record = openRecord(join(home, 'runs.db'), { readOnly: true });
  try {
    const found = record.runs().at(-1) as Run;
    return { run: found, steps: record.steps(found.run) };
  } finally {
    record.close();
  }
}

/** Process ids of the workers that a server has started. */
async function workersOf(server: number | null): Promise<number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid,ppid,args']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === server && args.join(' ').includes('recircuit_worker'))
    .map(([pid]) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function overStdio(): Promise<{ server: number | null; workers: number[] }> {
  const agent = await McpAgent.connect(serverIn(home), told, 'legacy');
  const server = agent.pid;
  ({ tools } = await agent.client.listTools());
  instructions = agent.client.getInstructions();
  said['no run'] = await agent.call('attention_scores', long);
  said['no such tool'] = await agent.call('read_file', { path: '/etc/passwd' });
  said['no finding'] = await agent.call('start_run', { finding: 'induction-head', model: 'induction-gpt2' });
  said['a path'] = await agent.call('start_run', { finding: 'induction-heads', model: './evals/organisms/icl-llama' });
  said['bad start'] = await agent.call('start_run', { finding: 'induction-heads', sede: 1 });
  said['opening'] = await agent.finished('start_run', { finding: 'induction-heads', model: 'induction-gpt2' });
  said['second run'] = await agent.call('start_run', { finding: 'induction-heads', model: 'induction-gpt2' });
  said['bad plan'] = await agent.call('plan', { intent: 'i' });
  await agent.follow(plan);
  said['bad input'] = await agent.call('attention_scores', { ...long, input: { prompts, patern: 'induction' } });
  await agent.follow(search);
  said['map'] = await agent.call('heat_map', { of: 'matching' });
  said['no map'] = await agent.call('heat_map', { of: 'without' });
  said['long'] = await agent.call('attention_scores', long);
  said['busy'] = await agent.call('copy_scores', {
    name: 'b',
    serves: [],
    because: 'b',
    input: { components: ['a1.h0'] },
  });
  said['cancelled'] = await agent.call('cancel');
  said['nothing to cancel'] = await agent.call('cancel');
  const request = agent.call('attention_scores', { ...long, name: 'second' }, AbortSignal.timeout(700));
  withdrawn = await request.catch((error: Error) => error.message);
  said['withdrawn'] = await agent.finished('observe');
  said['early'] = await agent.call('result');
  const workers = await workersOf(server);
  await agent.close();
  return { server, workers };
}

async function overHttp() {
  const { command, args } = serverIn(home, '--http');
  const child = execa(command, args, { reject: false });
  const url = await new Promise<string>((resolve) => {
    child.stderr.on('data', (data: Buffer) => {
      const [found] = /http:\S+\/mcp/.exec(data.toString()) ?? [];
      if (found) resolve(found);
    });
  });
  const file = join(home, 'mcp-token');
  const token = readFileSync(file, 'utf8').trim();
  const answers = await knocks(url, token);
  const agent = await McpAgent.connect({ url, token }, told);
  said['resumed'] = await agent.finished('resume_run', { run: left.run.run });
  said['resumed'] = await agent.call('observe', { from_start: true });
  said['claimed'] = await agent.call('claim', claim[0]?.input);
  said['too early'] = await agent.call('result');
  said['sealed'] = await agent.finished('observe', { wait_s: 45 });
  said['result'] = await agent.call('result');
  await agent.close();
  const mode = statSync(file).mode & 0o777;
  child.kill('SIGTERM');
  const { exitCode, stdout } = await child;
  return { server: child, answers, mode, exitCode, stdout, kept: statSync(file, { throwIfNoEntry: false }) };
}

/** Status of requests that must not come in, and of one that may. */
async function knocks(url: string, token: string): Promise<Record<string, number | undefined>> {
  const { hostname, port } = new URL(url);
  const right = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const status = (headers: Record<string, string>, path = '/mcp'): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const options = { hostname, port, path, method: 'POST', headers: { ...right, ...headers }, agent: false };
      const asked = request(options, (answer) => {
        resolve(answer.statusCode);
        asked.destroy();
      });
      asked.on('error', reject).write('{}');
      if (headers['content-length'] === undefined) asked.end();
    });
  return {
    'no token': await status({ authorization: '' }),
    'another token': await status({ authorization: `Bearer ${token.slice(0, -1)}` }),
    'a foreign host': await status({ host: 'evil.example' }),
    'a foreign page': await status({ origin: 'http://evil.example' }),
    'another path': await status({}, '/'),
    'a huge body': await status({ 'content-length': '1100000' }),
    'nonsense that may come in': await status({}),
  };
}

const bodies = <K extends Step['body']['kind']>(kind: K): StepOf<K>[] =>
  steps.flatMap(({ body }) => (body.kind === kind ? [body as StepOf<K>] : []));

describe('the server', () => {
  it('offers every experiment, and schemas that are JSON Schema 2020-12', () => {
    const names = tools.map(({ name }) => name);
    for (const { name } of offered()) expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, inputSchema, outputSchema } of tools) {
      expect(inputSchema, name).toMatchObject({ type: 'object', additionalProperties: false });
      for (const schema of [inputSchema, outputSchema ?? {}]) {
        expect(() => new AjvJsonSchemaValidator().getValidator(schema as never), name).not.toThrow();
      }
    }
  });

  it('teaches the craft in the words of the prompts', () => {
    expect(instructions).toContain(readFileSync('agents/prompts/craft.md', 'utf8').trim());
    expect(instructions).toContain('observe');
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
    ['busy', /search\/04-long.*One call at a time/],
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
    expect(http.answers).toEqual({
      'no token': 401,
      'another token': 401,
      'a foreign host': 403,
      'a foreign page': 403,
      'another path': 404,
      'a huge body': 413,
      'nonsense that may come in': 400,
    });
    expect(http.mode).toBe(0o600);
  });

  it('ends on a signal, and its token with it', () => {
    expect(http).toMatchObject({ exitCode: EXIT.interrupted, stdout: '', kept: undefined });
  });
});

describe('a long experiment', () => {
  it('returns at once, is polled and tells how it goes', () => {
    expect(said['long']).toMatchObject({ state: 'working', error: false });
    expect(notices.join('\n')).toMatch(/search\/04-long \(\d+ of \d+/);
  });

  it('can be cancelled; the record says so, and the run goes on', () => {
    expect(said['cancelled']).toMatchObject({ state: 'your-turn', error: false });
    expect(said['cancelled']?.text).toMatch(/refused as search\/04-long \(cancelled\)/);
  });

  it('is cancelled by a client that takes its request back, too', () => {
    expect(withdrawn).toEqual(expect.any(String));
    expect(said['withdrawn']?.text).toMatch(/refused as search\/05-second \(cancelled\)/);
    const cancelled = { failure: { code: 'cancelled' } };
    expect(bodies('refusal')).toMatchObject([cancelled, cancelled]);
  });
});

describe('a client that goes away', () => {
  it('leaves the run as it is, without a worker', () => {
    expect(left.run).toMatchObject({ state: 'cancelled', verdict: null });
    expect(left.workers).toHaveLength(1);
    expect(left.alive).toEqual([]);
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
    expect(run).toMatchObject({ state: 'sealed', verdict: 'reproduced', planner: 'external' });
    expect(said['result']?.structured).toMatchObject({ run: run.run, verdict: 'reproduced' });
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
    expect(verifyRun(record, run.run, { artifacts: join(home, 'artifacts') }).problems).toEqual([]);
    record.close();
    const replayed = await replay(run, steps);
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
