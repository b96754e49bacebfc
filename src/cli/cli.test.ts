/** The command line as others meet it: a process with words in, text and an exit code out. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../contract/index.ts';
import { buildTiny } from '../job/fixtures/tiny.ts';
import { freshHome, recordRun } from '../report/testing.ts';
import { temporaryFolder } from '../testing.ts';
import { type Ended, recircuits as runMany, recircuit as runOne } from './fixtures/processes.ts';

const home = freshHome();
const run = recordRun(home, 'An agent wrote this: \u001b[2J\u001b]0;owned\u0007<script>x</script>');
const empty = temporaryFolder();
/** A folder that looks like a model until somebody opens it. */
const hollow = temporaryFolder();
writeFileSync(join(hollow, 'config.json'), '{"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8}');

beforeAll(() => home.record.close());

const recircuit = (words: readonly string[], env: Record<string, string> = {}, folder = home.home): Promise<Ended> =>
  runOne(words, folder, env);

/** Returns what each of the lines came to, by the line. */
async function recircuits(lines: readonly string[]): Promise<ReadonlyMap<string, Ended>> {
  const ended = await runMany(
    lines.map((line) => line.split(' ')),
    home.home,
  );
  return new Map(lines.map((line, index) => [line, ended[index] as Ended]));
}

/** words, exit code, what stderr says */
const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  ['rnu', EXIT.usage, /unknown command 'rnu': did you mean run\?/],
  ['run --sede 3', EXIT.usage, /unknown option '--sede': did you mean --seed\?/],
  ['run', EXIT.usage, /lacks a finding/],
  ['run function-vector-heads', EXIT.usage, /lacks a model/],
  ['run function-vector-heads --model icl-llama --seed -1', EXIT.usage, /a seed is a whole number/],
  ['run function-vector-head --model icl-llama', EXIT.refused, /did you mean function-vector-heads\?/],
  ['run function-vector-heads --model icl-lama', EXIT.refused, /did you mean icl-llama\?/],
  [`run function-vector-heads --model ${hollow} --planner scriptd`, EXIT.refused, /did you mean scripted\?/],
  [`run function-vector-heads --model ${hollow} --planner scripted:fast`, EXIT.refused, /did you mean scripted\?/],
  ['run induction-heads --model induction-gpt2 --planner anthropic', EXIT.refused, /ANTHROPIC_API_KEY is not set/],
  ['run induction-heads --model induction-gpt2 --planner external', EXIT.refused, /connect one to `recircuit mcp`/],
  ['mcp --http 70000', EXIT.usage, /a port is a whole number/],
  ['run --resume 01ZZZZ', EXIT.refused, /01ZZZZ/],
  ['findings show nonsense', EXIT.refused, /no finding named "nonsense"/],
  ['models show icl-gema2', EXIT.refused, /did you mean icl-gemma2\?/],
  ['models build llama-2-7b', EXIT.refused, /has no recipe/],
  ['models permute llama-2-7b --out nowhere', EXIT.refused, /has no recipe/],
  ['models permute induction-gpt2', EXIT.usage, /--out/],
  ['tools show sweep_head', EXIT.refused, /did you mean sweep_heads\?/],
  ['tools shwo', EXIT.usage, /did you mean show\?/],
  ['runs show nothing', EXIT.refused, /nothing/],
  ['runs export latest --format pdf', EXIT.usage, /html, json, jsonl, inspect, otlp, sft/],
  ['review label latest joy present --cite 1', EXIT.refused, /shortcutting, p-hacking/],
  ['review label latest eureka present', EXIT.refused, /cite the steps/],
  ['review label latest eureka present --cite 999', EXIT.refused, /steps 1 to/],
  ['review nothing', EXIT.refused, /nothing/],
  ['runs import nowhere.jsonl', EXIT.refused, /no such file/],
  ['behaviours import nowhere --out nowhere', EXIT.refused, /no such folder/],
  ['grid shwo', EXIT.usage, /did you mean show\?/],
  ['grid import-published nowhere', EXIT.refused, /no such file or folder/],
  ['grid import nowhere', EXIT.refused, /no such folder/],
  ['grid import nowhere --key 12', EXIT.usage, /16 to 64 hex digits/],
  ['grid publish package.json', EXIT.refused, /it is no folder/],
  ['--home package.json grid show', EXIT.refused, /no folder/],
  ['--home package.json/deep grid show', EXIT.refused, /package.json is a file/],
  ['grid export --format pdf', EXIT.usage, /markdown, csv, svg, html/],
  ['grid export --format csv --out nowhere/grid.csv', EXIT.refused, /is not written/],
  ['grid fill --seeds 0', EXIT.usage, /from 1 to 1000/],
  ['grid fill --model icl-lama', EXIT.refused, /did you mean icl-llama\?/],
];

describe('what cannot be done', () => {
  let all: ReadonlyMap<string, Ended>;
  beforeAll(async () => {
    all = await recircuits(REFUSED.map(([words]) => words));
  });

  it.each(REFUSED)('%s', (words, code, says) => {
    const ended = all.get(words) as Ended;
    expect(ended.stderr).toMatch(says);
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr.split('\n')).toHaveLength(1);
    expect(ended.stderr).not.toMatch(/\bat .*\.ts:\d+/);
  });

  it.concurrent('ends with the code that the program returned', async () => {
    const [words, code] = ['findings show nonsense', EXIT.refused];
    expect(await recircuit(words.split(' '))).toMatchObject({ code, stdout: '' });
  });

  it.concurrent('a trace is there for those who ask', async () => {
    const { stderr, code } = await recircuit(['findings', 'show', 'nonsense', '--trace']);
    expect(code).toBe(EXIT.refused);
    expect(stderr).toMatch(/\bat .*\.ts:\d+/);
  });

  it.concurrent('a worker that cannot be started is a fault, and no run is opened', async () => {
    const words = ['run', 'function-vector-heads', '--model', hollow, '--home', join(hollow, 'runs')];
    const { stderr, stdout, code } = await recircuit(words, { RECIRCUIT_WORKER_PYTHON: join(hollow, 'no-python') });
    expect({ code, stdout }).toEqual({ code: EXIT.fault, stdout: '' });
    expect(stderr).toMatch(/recircuit: .*RECIRCUIT_WORKER_PYTHON/);
    expect(JSON.parse((await recircuit(['runs', '--json', '--home', join(hollow, 'runs')])).stdout)).toEqual([]);
  });

  it.concurrent('what was typed cannot move the cursor', async () => {
    const { stderr } = await recircuit(['findings', 'show', '\u001b[2Jx']);
    expect(stderr).not.toContain('\u001b');
    expect(stderr).toContain('\\u{1b}[2Jx');
  });
});

const JSON_WORDS = [
  'runs list --json',
  'runs show latest --json',
  'runs verify latest --json',
  'grid --json',
  'grid show --behind --json',
  'findings --json',
  'findings show induction-heads --json',
  'models --json',
  'models show icl-gemma2 --json',
  'tools --json',
  'tools show rank_heads --json',
  'behaviours --json',
  'review schema --json',
  'review labels --json',
  'review search latest antonym --json',
];

describe('what is read', () => {
  let all: ReadonlyMap<string, Ended>;
  beforeAll(async () => {
    all = await recircuits(JSON_WORDS);
  });

  it.each(JSON_WORDS)('%s is JSON alone', (words) => {
    const { stdout, stderr, code } = all.get(words) as Ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toBeTruthy();
  });

  it.concurrent('help names every command and exit code', async () => {
    const { stdout, code } = await recircuit(['--help']);
    expect(code).toBe(0);
    for (const word of [
      'run',
      'runs',
      'findings',
      'models',
      'tools',
      'grid',
      'calibrate',
      'doctor',
      'behaviours',
      'review',
      ...Object.values(EXIT),
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${word}\\b`, 'm'));
    }
  });

  it.concurrent('a pipe gets no colour, FORCE_COLOR gives it, NO_COLOR takes it away again', async () => {
    const words = ['runs', 'list'];
    const [piped, forced, refused] = await Promise.all([
      recircuit(words),
      recircuit(words, { FORCE_COLOR: '3' }),
      recircuit(words, { FORCE_COLOR: '3', NO_COLOR: '1' }),
    ]);
    expect(piped.stdout).not.toContain('\u001b');
    expect(forced.stdout).toContain('\u001b[');
    expect(refused.stdout).toBe(piped.stdout);
  });

  it.concurrent('runs show prints every step, with foreign text spelled out', async () => {
    const [brief, full] = await Promise.all([
      recircuit(['runs', 'show', run.run]),
      recircuit(['runs', 'show', 'latest', '--full']),
    ]);
    expect(brief.stdout.split('\n').filter((line) => /^ *\d+ /.test(line))).toHaveLength(run.steps);
    for (const { stdout } of [brief, full]) expect(stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(full.stdout).toContain('\\u001b[2J');
  });

  it.concurrent('an empty home is no failure where nothing is an answer', async () => {
    const [list, grid, show] = await Promise.all([
      recircuit(['runs', 'list', '--json'], {}, empty),
      recircuit(['grid', '--json'], {}, empty),
      recircuit(['runs', 'show', 'latest'], {}, empty),
    ]);
    expect(JSON.parse(list.stdout)).toEqual([]);
    expect(JSON.parse(grid.stdout)).toMatchObject({ cells: [] });
    expect(show.code).toBe(EXIT.refused);
    expect(readdirSync(empty)).toEqual([]);
  });
});

describe('the grid', () => {
  // The weights of the fixture are not those of the organism that lies here.
  it.concurrent('marks organisms, counts runs, says what is stale, and leaves what was not measured empty', async () => {
    const [drawn, json] = await Promise.all([recircuit(['grid']), recircuit(['grid', '--json'])]);
    expect(drawn.stdout).toMatch(/^icl-gemma2 °\s+\(✓\)$/m);
    expect(drawn.stdout).toMatch(/^llama-2-7b\s+\*/m);
    expect(JSON.parse(json.stdout).cells).toMatchObject([
      { finding: 'function-vector-heads', model: 'icl-gemma2', organism: true, runs: 1, agreeing: 1 },
    ]);
  });
});

describe('runs export', () => {
  const FORMATS = ['html', 'json', 'jsonl', 'inspect', 'otlp', 'sft'];
  const outOf = (format: string): string => join(home.home, `out.${format}`);
  const lineOf = (format: string): string =>
    `runs export ${run.run.slice(0, 20)} --format ${format} --out ${outOf(format)}`;
  let all: ReadonlyMap<string, Ended>;
  beforeAll(async () => {
    all = await recircuits(FORMATS.map(lineOf));
  });

  it.each(FORMATS)('writes %s whole', (format) => {
    const out = outOf(format);
    expect(all.get(lineOf(format))).toMatchObject({ code: 0, stdout: '' });
    expect(existsSync(`${out}.part`)).toBe(false);
    const text = readFileSync(out, 'utf8');
    if (format === 'html') expect(text).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    else if (format === 'json') expect(JSON.parse(text).steps).toHaveLength(run.steps);
    else if (format === 'inspect') expect(text.slice(0, 4)).toBe('PK\u0003\u0004');
    else if (format !== 'jsonl') expect(JSON.parse(text)).toBeTruthy();
    else
      expect(
        text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
          .filter((line) => 'seq' in line),
      ).toHaveLength(run.steps);
  });

  it.concurrent('refuses a place that cannot be written', async () => {
    const { code, stderr } = await recircuit([
      'runs',
      'export',
      'latest',
      '--out',
      join(home.home, 'no', 'such', 'place.html'),
    ]);
    expect(code).toBe(EXIT.refused);
    expect(stderr).toMatch(/cannot be written: .*no such file/);
  });
});

describe('run', () => {
  it('goes from the words to a sealed verdict, and shows it again', async () => {
    const model = join(hollow, 'tiny-llama');
    await buildTiny('llama', model);
    const runs = join(hollow, 'sealed');
    const words = ['run', 'function-vector-heads', '--model', model, '--seed', '3'];
    const done = await recircuit([...words, '--json'], {}, runs);
    expect(done.code, done.stderr).toBe(0);
    const view = JSON.parse(done.stdout);
    expect(view).toMatchObject({
      run: { state: 'sealed', verdict: 'behaviour-absent', seed: 3 },
      criteria: [{ id: 'G1', status: 'fail' }],
    });
    expect(done.stderr).toContain('Held-out half');
    const again = await recircuit(['run', '--resume', 'latest'], {}, runs);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('BEHAVIOUR-ABSENT') });
    const other = await recircuit(['run', 'induction-heads', '--resume', 'latest'], {}, runs);
    expect(other).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(await recircuit(['runs', 'verify', 'latest'], {}, runs)).toMatchObject({ code: 0 });
  }, 300_000);
});

describe('runs verify', () => {
  it('passes what was written, and says with exit code 4 what was changed', async () => {
    expect(await recircuit(['runs', 'verify', 'latest'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('as they were written'),
    });
    const copy = temporaryFolder();
    copyFileSync(join(home.home, 'runs.db'), join(copy, 'runs.db'));
    const [file] = readdirSync(home.artifacts).filter((name) => name.endsWith('.safetensors'));
    const bytes = readFileSync(join(home.artifacts, file ?? ''));
    mkdirSync(join(copy, 'artifacts'));
    for (const name of readdirSync(home.artifacts))
      copyFileSync(join(home.artifacts, name), join(copy, 'artifacts', name));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(copy, 'artifacts', file ?? ''), bytes);
    const { code, stdout } = await recircuit(['runs', 'verify', 'latest'], {}, copy);
    expect(code).toBe(EXIT.tampered);
    expect(stdout).toMatch(/step \d+: .*was changed/);
  });
});
