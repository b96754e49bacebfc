/** A behaviour and two findings that are nothing but folders of somebody's own: they run, and their cells stand in the grid. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT, type PooledCell, type Run } from '../contract/index.ts';
import type { Beside } from '../grid/index.ts';
import { root } from '../root.ts';
import { hasWorkerPython } from '../setup/paths.mjs';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';
import { type Ended, recircuits } from './fixtures/processes.ts';

const fixtures = join(root, 'src/protocol/fixtures');
const own = {
  RECIRCUIT_WORKER_PYTHON: workerPython(),
  RECIRCUIT_BEHAVIOURS: join(fixtures, 'behaviours'),
  RECIRCUIT_FINDINGS: join(fixtures, 'findings'),
};
const FINDINGS = ['next-month-heads', 'giver-heads'];
const ready = hasWorkerPython() && existsSync(join(root, 'evals/organisms/icl-gemma2/config.json'));

describe.skipIf(!ready)('a behaviour and findings in folders of their own', () => {
  it('run for real, and are found in the grid; words that a model does not know make a cell that says so', async () => {
    const home = temporaryFolder();
    const fill = ['grid', 'fill', '--yes', '--json', '--finding', ...FINDINGS, '--model', 'icl-gemma2'];
    const cell = 'next-month-heads@icl-gemma2';
    const lines = [
      fill,
      ['grid', 'show', '--json'],
      ['grid', 'overlap', cell, cell, '--json'],
      ['grid', 'carry', cell, 'next-month-heads', '--json'],
      ['grid', 'carry', 'giver-heads@icl-gemma2', 'next-month-heads'],
    ];
    const ended = (await recircuits(lines, home, own)) as [Ended, Ended, Ended, Ended, Ended];
    const [filled, shown, overlap, carried, none] = ended;
    expect({ code: filled.code, said: filled.code === EXIT.ok ? '' : filled.stderr }).toEqual({ code: 0, said: '' });
    const { runs } = JSON.parse(filled.stdout) as { runs: Run[] };
    expect(runs.map(({ finding, state, verdict }) => [finding, state, verdict])).toEqual([
      ['next-month-heads', 'sealed', 'reproduced'],
      ['giver-heads', 'sealed', 'inconclusive'],
    ]);
    expect(filled.stderr).toContain('it does not know all words of the prompt');
    const { cells } = JSON.parse(shown.stdout) as { cells: PooledCell[] };
    expect(cells.map(({ behaviour, finding, model, stale }) => ({ behaviour, finding, model, stale }))).toEqual([
      { behaviour: 'next-month', finding: 'giver-heads', model: 'icl-gemma2', stale: [] },
      { behaviour: 'next-month', finding: 'next-month-heads', model: 'icl-gemma2', stale: [] },
    ]);
    // A circuit beside itself, and through the verification that judged it.
    const { shared, agreement } = JSON.parse(overlap.stdout) as Beside;
    expect(shared).toMatchObject([{ a: 'month', b: 'month', of: 4, components: { length: 4 } }]);
    expect(agreement).toMatchObject({ spearman: expect.closeTo(1), heads: 64 });
    expect(JSON.parse(carried.stdout)).toMatchObject({
      finding: 'next-month-heads',
      verdict: { verdict: 'reproduced' },
    });
    expect(none.code).toBe(EXIT.refused);
    expect(none.stderr).toContain('it claimed no circuit');
  }, 180_000);
  it('are not known without the variables', async () => {
    const [ended] = (await recircuits([['findings', 'show', 'next-month-heads']], temporaryFolder())) as [Ended];
    expect(ended.code).toBe(EXIT.refused);
    expect(ended.stderr).toContain('next-month-heads');
  });
});
