/** `recircuit grid` as others meet it: filled by real runs, killed in the middle, gone on with, published and taken in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT, type Run } from '../contract/index.ts';
import { root } from '../root.ts';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});

async function grid(words: string, env: Record<string, string> = {}, home = 'home') {
  const paths = { RECIRCUIT_HOME: join(folder, home), RECIRCUIT_WORKER_PYTHON: workerPython(), NO_COLOR: '1' };
  const main = join(root, 'src/cli/recircuit.mjs');
  return execa(process.execPath, [main, 'grid', ...words.split(' ')], {
    cwd: folder,
    env: { ...paths, ...env },
    stdin: 'ignore',
    reject: false,
  });
}

const FILL = 'fill --finding induction-heads --model icl-gemma2-untrained';
const filled = (stdout: string) => JSON.parse(stdout) as { there: number; runs: Run[] };
const runs = (): Run[] => {
  const record = openRecord(join(folder, 'home', 'runs.db'), { readOnly: true });
  try {
    return record.runs();
  } finally {
    record.close();
  }
};

describe('grid fill', { timeout: 300_000 }, () => {
  it('says what it would cost, and begins nothing where nobody can say yes', async () => {
    const { exitCode, stderr } = await grid(FILL);
    expect(exitCode).toBe(EXIT.refused);
    expect(stderr).toMatch(/induction-heads +icl-gemma2-untrained +0 +490 +220/);
    expect(stderr).toContain('At most 490 passes over a prompt in 1 run');
    expect(stderr).toContain('Instead: add --yes to begin.');
    expect(runs()).toEqual([]);
  });

  it('goes on after kill -9 with the run that was cut off', async () => {
    const killed = await grid(`${FILL} --yes --json`, { RECIRCUIT_FAULT: 'step:3:orchestrator' });
    expect(killed.signal ?? killed.exitCode).toSatisfy((how) => how === 'SIGKILL' || how === 137);
    const [begun] = runs();
    expect(begun).toMatchObject({ state: 'running', steps: 3, seed: 0 });
    const { exitCode, stdout, stderr } = await grid(`${FILL} --yes --json`);
    expect({ exitCode, stderr: exitCode === EXIT.ok ? '' : stderr }).toEqual({ exitCode: EXIT.ok, stderr: '' });
    expect(stderr).toContain(`goes on with ${begun?.run}`);
    const made = filled(stdout).runs.map(({ run, seed, verdict }) => [run === begun?.run, seed, verdict]);
    expect(made).toEqual([[true, 0, 'behaviour-absent']]);
  });

  it('runs nothing twice', async () => {
    const { exitCode, stdout } = await grid(`${FILL} --json`);
    expect({ exitCode, ...filled(stdout) }).toEqual({ exitCode: EXIT.ok, there: 1, runs: [] });
    expect(runs()).toHaveLength(1);
  });
});

describe('a filled grid', { timeout: 60_000 }, () => {
  it('is written in every format, with the verdict in words', async () => {
    for (const format of ['markdown', 'csv', 'svg', 'html']) {
      const { exitCode } = await grid(`export --format ${format} --out grid.${format}`);
      expect(exitCode).toBe(EXIT.ok);
      expect(readFileSync(join(folder, `grid.${format}`), 'utf8')).toContain('behaviour-absent');
    }
  });

  it('goes to another record as a bundle, which trusts the key once it was named', async () => {
    expect((await grid('publish bundle')).exitCode).toBe(EXIT.ok);
    const stranger = { RECIRCUIT_KEY_FILE: join(folder, 'stranger.pem') };
    const refused = await grid('import bundle', stranger, 'other');
    expect({ code: refused.exitCode, stderr: refused.stderr }).toEqual({
      code: EXIT.refused,
      stderr: expect.stringContaining('which nothing here knows'),
    });
    const [, key] = /signed by key ([0-9a-f]{64})/.exec(refused.stderr) ?? [];
    expect((await grid(`import bundle --key ${key}`, stranger, 'other')).stdout).toMatch(/^1 run, 1 of them new/);
    expect((await grid('import bundle', stranger, 'other')).stdout).toMatch(/^1 run, 0 of them new/);
    const shown = await grid('show --behind', stranger, 'other');
    expect(shown.stdout).toContain('behaviour-absent 1/1 ^');
    expect(shown.stdout).toContain('^ from another record, signed by its key');
  });
});
