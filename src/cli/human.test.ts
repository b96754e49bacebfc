/** The planner `human`, fed from a file as a person would type: left in the middle, gone on with by the same lines, replayed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../contract/index.ts';
import { root } from '../root.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';

/** The command that the README shows. */
const [, words = '', file = ''] =
  /`npx recircuit (run .* --planner human) < (\S+)`/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
const run = words.split(' ');
const demonstration = join(root, file);

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

async function cli(words: string[], stdin: { inputFile: string } | { stdin: 'ignore' } | { input: string }) {
  const env = { RECIRCUIT_HOME: join(folder, 'home'), RECIRCUIT_WORKER_PYTHON: workerPython(), NO_COLOR: '1' };
  const entry = join(root, 'src/cli/recircuit.mjs');
  return execa(process.execPath, [entry, ...words], { cwd: folder, env, reject: false, ...stdin });
}

describe('a person at a file', () => {
  it('is refused where nobody can type, before a model is loaded', async () => {
    const { exitCode, stderr } = await cli(run, { stdin: 'ignore' });
    expect(exitCode).toBe(EXIT.refused);
    expect(stderr).toContain('standard input is neither a terminal nor a file or pipe of actions');
    expect(stderr).not.toContain('model-facts');
  });

  it('who leaves leaves a run that can be resumed', async () => {
    const half = join(folder, 'half.txt');
    writeFileSync(half, readFileSync(demonstration, 'utf8').split('\n').slice(0, 5).join('\n'));
    const { exitCode, stdout, stderr } = await cli(run, { inputFile: half });
    expect(exitCode).toBe(EXIT.interrupted);
    expect(stdout).toBe('');
    expect(stderr).toContain('is cancelled: The person who decides has left. It goes on with');
    expect(stderr).toContain('Not taken: ✖ Invalid option: expected one of "induction"');
    expect(stderr).toContain('matching = attention_scores, cite search/01-matching');
  }, 300_000);

  it('who types the same lines again goes on where they were, and the finding is reproduced', async () => {
    const { exitCode, stdout, stderr } = await cli(['run', '--resume', 'latest', '--json'], {
      inputFile: demonstration,
    });
    expect({ exitCode, stderr: exitCode === EXIT.ok ? '' : stderr }).toEqual({ exitCode: EXIT.ok, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ run: { verdict: 'reproduced', planner: 'human' } });
    expect(stderr).toContain('Not taken: a plan is not wanted now');
    expect(stderr).toContain('matching.heads: rows 12 to');
  }, 300_000);

  it('is replayed from the record, without a person', async () => {
    const { exitCode, stdout } = await cli(['runs', 'replay', 'latest', '--json'], { stdin: 'ignore' });
    expect(exitCode).toBe(EXIT.ok);
    expect(JSON.parse(stdout)).toMatchObject({ difference: null, sealed: true, planner: 'from the record' });
  }, 60_000);
});
