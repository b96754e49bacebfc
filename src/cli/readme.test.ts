/**
 * The README as a new user runs it: every command of its `sh` blocks, in order, in one folder of runs. Blocks marked `sh gpu`
 * need a model of somebody else's; here it is missing, so each must be refused in one sentence. The numbers that the README
 * quotes are held against what the commands print.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CriterionResult } from '../contract/index.ts';
import { EXIT } from '../contract/index.ts';
import { root } from '../root.ts';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';

const MINUTES = 60_000;
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const commands = (mark: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${mark}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].flatMap(([, block]) =>
    (block ?? '').split('\n').filter((line) => line.trim() !== ''),
  );

/** Verdicts that the commands must end with: the criteria and controls are the protocols', the truth is the organisms' history. */
const VERDICTS: Readonly<Record<string, string>> = {
  'npm start': 'reproduced',
  'npx recircuit run function-vector-heads --model icl-gemma2-untrained': 'behaviour-absent',
  'npx recircuit run function-vector-heads --model icl-gemma2-lookup': 'not-reproduced',
  'npx recircuit run induction-heads --model induction-gpt2': 'reproduced',
};
/** This file is part of `npm test`, which cannot run itself. */
const NOT_HERE = ['npm test'];

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

async function run(command: string): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const env = {
    RECIRCUIT_HOME: join(folder, 'home'),
    HF_HOME: join(folder, 'hub'),
    RECIRCUIT_WORKER_PYTHON: workerPython(),
    NO_COLOR: '1',
  };
  const { exitCode, stdout, stderr } = await execa(command.replace('report.html', join(folder, 'report.html')), {
    shell: true,
    cwd: root,
    env,
    reject: false,
  });
  return { exitCode, stdout, stderr };
}

const home = () => openRecord(join(folder, 'home', 'runs.db'), { readOnly: true });

describe('README', () => {
  it.each(commands('sh').filter((command) => !NOT_HERE.includes(command)))(
    '%s',
    async (command) => {
      const { exitCode, stdout, stderr } = await run(command);
      expect({ exitCode, stderr: exitCode === EXIT.ok ? '' : stderr }).toEqual({ exitCode: EXIT.ok, stderr: '' });
      expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
      const verdict = VERDICTS[command];
      if (verdict !== undefined) expect(lastVerdict()).toBe(verdict);
    },
    10 * MINUTES,
  );

  it('the target beats zero-shot by 25 points and the best of twenty random sets by 15', () => {
    const { gain, margin, sets } = effect();
    expect(gain).toBeGreaterThanOrEqual(0.25);
    expect(margin).toBeGreaterThanOrEqual(0.15);
    expect(sets).toBe(20);
  });

  it('the exported page holds figures and no script', () => {
    const page = readFileSync(join(folder, 'report.html'), 'utf8');
    expect(page).toContain('<svg');
    expect(page).not.toContain('<script');
  });

  it('names every verdict that it promises', () => {
    for (const command of Object.keys(VERDICTS)) expect(commands('sh')).toContain(command);
  });

  it.each(commands('sh gpu'))(
    '%s is refused in one sentence where the model or folder is missing',
    async (command) => {
      const { exitCode, stderr } = await run(command);
      expect(exitCode).toBe(EXIT.refused);
      expect(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('recircuit:')),
      ).toHaveLength(1);
      expect(stderr).toMatch(/Instead: /);
    },
    2 * MINUTES,
  );
});

function lastVerdict(): string | null | undefined {
  const record = home();
  try {
    return record.runs().at(-1)?.verdict;
  } finally {
    record.close();
  }
}

/** The two numbers that the finding rests on, of the first sealed run. */
function effect(): { gain: number; margin: number; sets: number } {
  const record = home();
  try {
    const [first] = record.runs({ finding: 'function-vector-heads' });
    const body = record.step(first?.run ?? '', 'verdict')?.body;
    const criteria: CriterionResult[] = body?.kind === 'verdict' ? body.verdict.criteria : [];
    const gain = criteria.find(({ id }) => id === 'N1')?.measured ?? Number.NaN;
    const null_ = criteria.find(({ id }) => id === 'N2');
    return { gain, margin: null_?.measured ?? Number.NaN, sets: null_?.null_values.length ?? 0 };
  } finally {
    record.close();
  }
}
