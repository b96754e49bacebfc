/** `recircuit study` as others meet it, on an organism: two sets of prompts, one prompt, and what it cannot be asked. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT, hashOf, Study } from '../contract/index.ts';
import { root } from '../root.ts';
import { hasWorkerPython } from '../setup/paths.mjs';
import { temporaryFolder } from '../testing.ts';
import { workerPython } from '../worker/index.ts';
import { type Ended, recircuits } from './fixtures/processes.ts';

const ready = hasWorkerPython() && existsSync(join(root, 'evals/organisms/icl-gemma2/config.json'));
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September'];
const month = (at: number): string => MONTHS[(at + MONTHS.length) % MONTHS.length] as string;

/** The month after, or before, of five others and then of one. */
function prompt(query: number, by: number, first: number): { prompt: string; answer: string } {
  const shown = [0, 1, 2, 3, 4].map((step) => 1 + ((first + step) % 7)).filter((at) => at !== query);
  const lines = shown.map((at) => `Q: ${month(at)}\nA: ${month(at + by)}\n\n`).join('');
  return { prompt: `${lines}Q: ${month(query)}\nA:`, answer: ` ${month(query + by)}` };
}

describe.skipIf(!ready)('a study', () => {
  it('finds the heads that carry the difference, and says in one sentence what it cannot study', async () => {
    const folder = temporaryFolder();
    const file = (name: string, lines: readonly object[]): string => {
      writeFileSync(join(folder, name), lines.map((line) => JSON.stringify(line)).join('\n'));
      return join(folder, name);
    };
    const places = [2, 3, 4].map((query) => [query, query + 1] as const);
    const base = file(
      'base.jsonl',
      places.map(([query, first]) => prompt(query, 1, first)),
    );
    const contrast = file(
      'contrast.jsonl',
      places.map(([query, first]) => prompt(query, -1, first)),
    );
    const bad = places.map(([query, first], at) => ({
      ...prompt(query, -1, first),
      ...(at === 1 && { answer: ' unheard' }),
    }));
    const unknown = file('unknown.jsonl', bad);
    const model = ['--model', 'icl-gemma2'];
    const [page, home] = [join(folder, 'study.html'), join(folder, 'home')];
    const lines = [
      ['study', '--base', base, '--contrast', contrast, ...model, '--json', '--out', page],
      ['study', '--base', base, '--contrast', unknown, ...model],
      ['study', '--base', base, '--contrast', file('one.jsonl', [prompt(2, -1, 3)]), ...model],
      ['study', '--base', base, '--prompt', 'x', ...model],
      [
        'study',
        '--base',
        base,
        '--contrast',
        file(
          'none.jsonl',
          bad.map((one) => ({ ...one, answer: ' unheard' })),
        ),
        ...model,
      ],
      ['study', '--base', base, '--contrast', contrast, ...model, '--out', join(folder, 'nowhere', 'study.html')],
      ['study', '--prompt', prompt(3, 1, 4).prompt, '--answer', ` ${month(4)}`, '--versus', ` ${month(2)}`, ...model],
    ];
    const env = { RECIRCUIT_WORKER_PYTHON: workerPython() };
    const [found, inexpressible, lengths, both, none, folderless, single] = (await recircuits(lines, home, env)) as [
      Ended,
      Ended,
      Ended,
      Ended,
      Ended,
      Ended,
      Ended,
    ];

    expect({ code: found.code, said: found.code === EXIT.ok ? '' : found.stderr }).toEqual({ code: 0, said: '' });
    const study = Study.parse(JSON.parse(found.stdout));
    expect(study.behaviour.base).toBeGreaterThan(2);
    expect(study.behaviour.contrast).toBeLessThan(-2);
    expect(study.behaviour).toMatchObject({
      base_preferred: 1,
      contrast_preferred: 1,
      notes: ['3 pairs say little about other prompts.'],
    });
    expect(study.heads).toHaveLength(64);
    const sizes = study.heads.map(({ effect }) => Math.abs(effect));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    // Together they carry most of it; random heads of the same layers next to nothing.
    expect(study.set?.recovery).toBeGreaterThan(0.7);
    expect(study.set?.random).toHaveLength(20);
    expect(Math.max(...(study.set?.random ?? [1]))).toBeLessThan(0.3);
    expect(study.mlps.map(({ component }) => component).sort()).toEqual(['m0', 'm1', 'm2', 'm3']);
    // Of two draws: every head and MLP to the logits, and what a chosen head of an earlier layer gives to the three reads of a later one.
    const layers = (study.set?.components ?? []).map((head) => Number(/^a(\d+)/.exec(head)?.[1]));
    const between = layers.flatMap((layer) => layers.filter((later) => layer < later)).length;
    expect(between).toBeGreaterThan(0);
    expect(study.paths_null?.effects).toBe(2 * (64 + 4 + 3 * between));
    expect(study.paths.some(({ receiver }) => receiver === 'logits')).toBe(true);
    expect(new Set(study.calls.map(({ tool }) => tool))).toEqual(
      new Set(['generate_prompts', 'measure_behaviour', 'sweep_heads', 'ablate_components', 'path_patch']),
    );
    // Each measure is taken of the pairs and of both draws of other sources.
    for (const measure of ['sweep_heads', 'ablate_components', 'path_patch']) {
      const asked = study.calls.flatMap(({ tool, input }) =>
        tool === measure ? (input as { prompts: { tasks: string[] } }).prompts.tasks : [],
      );
      expect(new Set(asked.map((task) => task.replace(/-\d+$/, '')))).toEqual(new Set(['pair', 'other-1', 'other-2']));
    }
    expect(readFileSync(page, 'utf8')).toContain(study.set?.components[0]);
    const kept = join(home, 'studies', `${hashOf(study).slice(0, 16)}.json`);
    expect(Study.parse(JSON.parse(readFileSync(kept, 'utf8')))).toEqual(study);

    const refused = (ended: Ended, why: string): void => {
      expect(ended.code).toBe(EXIT.refused);
      expect(ended.stderr.trim().split('\n').at(-1)).toContain(why);
    };
    const why = 'this tokenizer cannot express it';
    refused(inexpressible, `pair 2 of 3: ${why}: " May" or " unheard" is not one token of its own`);
    refused(none, `pair 1 of 3: ${why}: " April" or " unheard" is not one token of its own`);
    refused(folderless, 'it cannot be written (there is no such folder)');
    refused(lengths, 'one has 3 prompts and the other 1.');
    expect(single.code).toBe(EXIT.ok);
    expect(single.stdout).toMatch(/^One pair of prompts on icl-gemma2 {2}one prompt; contrast: /);
    expect(single.stdout).toContain('there is no null to be above');
    expect(both.code).toBe(EXIT.usage);
    expect(both.stderr).toContain('it takes one question');
  }, 180_000);
});
