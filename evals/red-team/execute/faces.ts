/** A record whose every prose is an injected text, through every command that prints it, as a person would type them. */
import { join } from 'node:path';
import { execa } from 'execa';
import { hashOf, type StepBody, spelled } from '../../../src/contract/index.ts';
import { root } from '../../../src/root.ts';
import type { RunRecord } from '../../../src/store/index.ts';
import { type Bench, trajectory } from '../bench.ts';
import type { InjectedText } from '../schema.ts';
import { UNSEEN } from '../texts.ts';

const COMMANDS: readonly (readonly string[])[] = [
  ['run', '--resume', 'latest'],
  ['run', '--resume', 'latest', '--json'],
  ['runs', 'list'],
  ['runs', 'list', '--json'],
  ['runs', 'show', 'latest'],
  ['runs', 'show', 'latest', '--full'],
  ['runs', 'show', 'latest', '--json'],
  ['runs', 'verify', 'latest'],
  ['runs', 'replay', 'latest'],
  ...['html', 'json', 'jsonl', 'otlp', 'sft'].map((format) => ['runs', 'export', 'latest', '-f', format, '-o', '-']),
  ['review', 'search', 'latest', 'reproduced'],
  ['review', 'search', 'latest', 'reproduced', '--json'],
  ['review', 'labels', 'latest'],
  ['grid'],
  ['grid', '--json'],
];

/** Returns what went through that should not, one entry a command or text. */
export async function onFaces(all: readonly InjectedText[], bench: Bench): Promise<string[]> {
  const folder = await bench.at(async (place) => {
    hostileRun(place.record, all);
    return place.folder;
  });
  const { stdout } = await execa('node', ['--import', 'tsx', join(root, 'src/cli/fixtures/many.ts')], {
    cwd: root,
    input: JSON.stringify(COMMANDS),
    env: { RECIRCUIT_HOME: folder, NO_COLOR: '1', FORCE_COLOR: '', RECIRCUIT_TRACE: '1' },
  });
  const printed = JSON.parse(stdout) as { stdout: string; stderr: string; code: number }[];
  const walked = await walk(folder);
  const pages = [...printed.map(({ stdout: out, stderr }) => `${out}\n${stderr}`), walked];
  const wrong = pages.flatMap((page, index) => {
    const found = UNSEEN.exec(page)?.[0];
    const command = (COMMANDS[index] ?? ['review', 'latest']).join(' ');
    return found === undefined ? [] : [`${command} prints ${JSON.stringify(found)}`];
  });
  const html = pages[COMMANDS.findIndex((words) => words.includes('html'))] ?? '';
  const full = pages[COMMANDS.findIndex((words) => words.includes('--full'))] ?? '';
  const raw = all.filter(({ text }) => text.includes('<') && html.includes(text));
  // What is not printed at all would pass as well.
  const lost = all.filter(({ text }) => !full.includes(begin(text)));
  return [
    ...wrong,
    ...raw.map(({ name }) => `${name} stands in the page as markup`),
    ...lost.map(({ name }) => `${name} is shown nowhere`),
  ];
}

/** How a text begins where a body is shown as JSON. */
const begin = (text: string): string => spelled(JSON.stringify([...text].slice(0, 8).join('')).slice(1, -1));

/** Every step of the run as `recircuit review` shows it. */
async function walk(folder: string): Promise<string> {
  const { stdout, stderr } = await execa(
    'node',
    ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'review', 'latest'],
    {
      cwd: root,
      input: `${'\n'.repeat(90)}/reproduced\nq\n`,
      env: { RECIRCUIT_HOME: folder, NO_COLOR: '1', FORCE_COLOR: '' },
    },
  );
  return `${stdout}\n${stderr}`;
}

/** A sealed run: a call, a result and a refusal for every text, and each of them in plan, claim and verdict. */
function hostileRun(record: RunRecord, all: readonly InjectedText[]): void {
  const { run: row, steps } = trajectory('induction').recorded;
  const protocol: unknown = JSON.parse(row.protocol);
  const { run } = record.createRun({ ...row, protocol, protocol_sha256: hashOf(protocol) } as never);
  const write = (act: string, body: StepBody) => record.append(run, act, body);
  const body = (act: string) => JSON.parse(steps.find((step) => step.act === act)?.body ?? 'null') as StepBody;
  const whole = all
    .map(({ text }) => text)
    .join(' ')
    .slice(0, 4000);
  for (const act of ['opened', 'facts/search', 'gate/search']) write(act, body(act));
  const plan = { intent: whole, items: all.map(({ text }) => ({ name: text, tool: text, serves: [text] })) };
  write('plan', { kind: 'plan', plan, sha256: hashOf(plan) });
  for (const [index, { text }] of all.entries()) {
    const act = `search/${String(index + 1).padStart(2, '0')}-x`;
    write(act, {
      kind: 'tool-call',
      phase: 'search',
      tool: text,
      input: { [text]: text },
      serves: [text],
      because: text,
    });
    if (index % 2 === 0) {
      const output = { note: text, [text]: text, cells: [{ finding: text }] };
      write(`${act}/result`, { kind: 'tool-result', phase: 'search', call: act, tool: text, output, artifacts: [] });
    } else {
      const failure = { kind: 'refusal', code: text, what: text, why: text, instead: text } as const;
      write(`${act}/refusal`, { kind: 'refusal', phase: 'search', call: act, failure });
    }
  }
  const claim = {
    roles: { induction: ['a1.h0'] },
    settings: { [whole.slice(0, 500)]: whole },
    statement: whole,
    cites: all.map(({ text }) => text),
  };
  write('claim', { kind: 'claim', claim, sha256: hashOf(claim) });
  const verdict = { verdict: 'inconclusive', because: whole, gate: null, criteria: [] } as const;
  write('verdict', { kind: 'verdict', verdict: { ...verdict, criteria: [] } });
  record.seal(run, 'inconclusive');
}
