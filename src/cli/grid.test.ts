/** `recircuit grid` as others meet it: filled by a real run, killed in the middle, gone on with, published and taken in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT, type Run } from '../contract/index.ts';
import { openRecord } from '../store/index.ts';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';
import { type Ended, recircuit, recircuits } from './fixtures/processes.ts';

let folder: string;
let home: string;
beforeAll(() => {
  folder = temporaryFolder();
  home = join(folder, 'home');
});

const env = { RECIRCUIT_WORKER_PYTHON: workerPython() };
const FILL = ['grid', 'fill', '--finding', 'induction-heads', '--model', 'icl-gemma2-untrained'];
const REAL = ['grid', 'fill', '--finding', 'induction-heads', '--model', 'gpt2-small'];
const FORMATS = ['markdown', 'csv', 'svg', 'html'];
const filled = ({ stdout }: Ended) => JSON.parse(stdout) as { there: number; runs: Run[] };

function runs(): Run[] {
  const record = openRecord(join(home, 'runs.db'), { readOnly: true });
  try {
    return record.runs();
  } finally {
    record.close();
  }
}

describe('grid fill', () => {
  it('says what it would cost and begins nothing where nobody can say yes; goes on after kill -9; runs nothing twice', async () => {
    const fault = { ...env, RECIRCUIT_FAULT: 'step:3:orchestrator' };
    const killed = await recircuit([...FILL, '--yes', '--json'], home, fault);
    expect(killed.stdout).toBe('');
    const [begun] = runs();
    expect(begun).toMatchObject({ state: 'running', steps: 3, seed: 0 });

    const ended = await recircuits(
      [FILL, [...FILL, '--yes', '--json'], [...FILL, 'icl-gemma2-untrained', '--json'], REAL],
      home,
      env,
    );
    const [asked, resumed, again, real] = ended as [Ended, Ended, Ended, Ended];
    expect(asked.code).toBe(EXIT.refused);
    const [, passes] = /induction-heads +icl-gemma2-untrained +0 +(\d+) +\d+ .*goes on with/.exec(asked.stderr) ?? [];
    expect(Number(passes)).toBeGreaterThan(0);
    expect(asked.stderr).toContain(`At most ${passes} passes over a prompt in 1 run`);
    expect(asked.stderr).toContain('Instead: add --yes to begin.');
    expect({ code: resumed.code, said: resumed.code === EXIT.ok ? '' : resumed.stderr }).toEqual({ code: 0, said: '' });
    expect(filled(resumed).runs).toMatchObject([{ run: begun?.run, state: 'sealed', verdict: 'behaviour-absent' }]);
    expect({ code: again.code, ...filled(again) }).toEqual({ code: EXIT.ok, there: 1, runs: [] });
    // How long a run on an organism took says nothing of a large model.
    expect(real.stderr).toMatch(/induction-heads +gpt2-small +0 +\d+ +\d+ +–/);
    expect(runs()).toHaveLength(1);
  }, 300_000);
});

describe('a filled grid', () => {
  it('is written in every format, and goes to another record as a bundle, which trusts a key once it was named', async () => {
    const [out, bundle] = [(format: string) => join(folder, `grid.${format}`), join(folder, 'bundle')];
    const written = await recircuits(
      [
        ...FORMATS.map((format) => ['grid', 'export', '--format', format, '--out', out(format)]),
        ['grid', 'publish', bundle],
      ],
      home,
    );
    expect(written.map(({ code }) => code)).toEqual(written.map(() => EXIT.ok));
    for (const format of FORMATS) expect(readFileSync(out(format), 'utf8')).toContain('behaviour-absent');
    const [, key = ''] = /signed by key ([0-9a-f]{64})/.exec(written.at(-1)?.stdout ?? '') ?? [];

    const take = ['grid', 'import', bundle];
    const lines = [take, [...take, '--key', key], take, ['grid', 'show', '--behind']];
    const there = await recircuits(lines, join(folder, 'other'), { RECIRCUIT_KEY_FILE: join(folder, 'stranger.pem') });
    const [refused, first, second, shown] = there as [Ended, Ended, Ended, Ended];
    expect(refused.code).toBe(EXIT.refused);
    expect(refused.stderr).toContain(`signed by key ${key}, which nothing here knows`);
    expect([first.stdout, second.stdout].map((line) => line.slice(0, 20))).toEqual([
      '1 run, 1 of them new',
      '1 run, 0 of them new',
    ]);
    expect(shown.stdout).toMatch(/icl-gemma2-untrained ° +○ \^/);
    expect(shown.stdout).toContain('^ from another record, signed by its key');
  }, 120_000);
});
