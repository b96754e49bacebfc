/**
 * Every finding on every organism through `recircuit grid fill`, into a record of its own, and again, when nothing is left to run.
 * `npm run grid:demo` prints the grid and holds its cells against grid-demo.yaml: what a control must never say, and what a target
 * was trained for. What stands in a cell is measured by the runs alone.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import * as z from 'zod';
import { type Run, type Verdict, VerdictName } from '../../src/contract/index.ts';
import { loadModelCards, loadProtocols } from '../../src/protocol/index.ts';
import { duration } from '../../src/report/index.ts';
import { root } from '../../src/root.ts';
import { openRecord } from '../../src/store/index.ts';
import { inParallel, table } from './shared.ts';

const Told = z.strictObject({
  controls: z.array(z.strictObject({ organism: z.string(), because: z.string() })).min(2),
  targets: z
    .array(
      z.strictObject({
        organism: z.string(),
        cells: z.record(z.string(), VerdictName.extract(['reproduced', 'not-reproduced', 'partial'])),
      }),
    )
    .min(1),
  left_out: z.array(z.strictObject({ organism: z.string(), because: z.string() })),
});
export type Told = z.infer<typeof Told>;

export interface DemoCell {
  readonly finding: string;
  readonly model: string;
  /** null: the run came to no verdict. */
  readonly verdict: Verdict | null;
  readonly claimed: boolean;
  readonly seconds: number;
}

/** Where the record of the demonstration stays; a demonstration that was cut off goes on there. */
const HOME = join(root, 'runs/grid-demo');
const LIMITS = { findings: 8, organisms: 5, minutes: 20, again_seconds: 5 };

export function told(): Told {
  return Told.parse(parse(readFileSync(fileURLToPath(new URL('./grid-demo.yaml', import.meta.url)), 'utf8')));
}

/** Returns what is wrong with the cells, one clause each; empty where they say what they must. */
export function cellProblems({ controls, targets }: Told, cells: readonly DemoCell[]): string[] {
  const at = new Map(cells.map((cell) => [`${cell.finding} on ${cell.model}`, cell]));
  const controlled = new Set(controls.map(({ organism }) => organism));
  const wanted = targets.flatMap(({ organism, cells: asked }) =>
    Object.entries(asked).map(([finding, verdict]) => ({ place: `${finding} on ${organism}`, verdict })),
  );
  return [
    ...cells
      .filter(({ verdict }) => verdict === null)
      .map(({ finding, model }) => `${finding} on ${model} has no verdict`),
    ...cells
      .filter(({ model, verdict }) => controlled.has(model) && verdict?.verdict === 'reproduced')
      .map(({ finding, model }) => `${finding} is reproduced on the control ${model}`),
    ...wanted.flatMap(({ place, verdict }) => wrongCell(place, verdict, at.get(place))),
  ];
}

function wrongCell(place: string, wanted: VerdictName, cell: DemoCell | undefined): string[] {
  const found = cell?.verdict?.verdict;
  if (found !== wanted) return [`${place} is ${found ?? 'not measured'}, and should be ${wanted}`];
  const core = cell?.verdict?.criteria.filter(({ weight }) => weight === 'core') ?? [];
  const measured = cell?.claimed === true && core.length > 0 && core.every(({ status }) => status !== 'unmeasured');
  return measured ? [] : [`${place} is ${found}, but not every core criterion was measured on a claim`];
}

/** Organisms of the demonstration, controls last. @throws where a card says nothing of its part, or a line names no card */
export function organismsOf({ controls, targets, left_out }: Told): string[] {
  const named = [...targets, ...controls, ...left_out].map(({ organism }) => organism);
  const cards = [...loadModelCards()].flatMap(([model, { where }]) => (where.kind === 'organism' ? [model] : []));
  const silent = cards.filter((model) => !named.includes(model));
  const gone = named.filter((model) => !cards.includes(model));
  if (silent.length + gone.length > 0)
    throw new Error(`grid-demo.yaml and protocols/models differ in ${[...silent, ...gone].join(', ')}`);
  return [...targets, ...controls].map(({ organism }) => organism);
}

interface Filled {
  readonly there: number;
  readonly runs: readonly Run[];
  readonly seconds: number;
}

/** Runs `recircuit grid …` on the record of the demonstration and returns what it says. @throws where it says nothing */
async function grid(...words: string[]): Promise<string> {
  const main = join(root, 'src/cli/main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, '--home', HOME, 'grid', ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (stdout !== '') return stdout;
  throw new Error(`grid ${words[0]} ended with code ${code} and said nothing`);
}

async function fill(findings: readonly string[], models: readonly string[]): Promise<Filled> {
  const began = performance.now();
  const said = await grid('fill', '--yes', '--json', '--finding', ...findings, '--model', ...models);
  return { ...(JSON.parse(said) as Omit<Filled, 'seconds'>), seconds: (performance.now() - began) / 1000 };
}

/** Fills at once, each of one organism after another: a small model keeps one core busy. */
const HANDS = 2;

function cellsIn(models: readonly string[], findings: readonly string[]): DemoCell[] {
  const record = openRecord(join(HOME, 'runs.db'), { readOnly: true });
  try {
    return findings.flatMap((finding) =>
      models.map((model) => {
        const run = record.runs({ finding, model }).at(-1);
        const bodies = run === undefined ? [] : record.steps(run.run).map(({ body }) => body);
        const verdict = bodies.findLast((body) => body.kind === 'verdict');
        const times = [run?.opened_at, run?.ended_at].map((at) => Date.parse(at ?? ''));
        return {
          finding,
          model,
          verdict: run?.state === 'sealed' && verdict?.kind === 'verdict' ? verdict.verdict : null,
          claimed: bodies.some(({ kind }) => kind === 'claim'),
          seconds: ((times[1] ?? Number.NaN) - (times[0] ?? Number.NaN)) / 1000,
        };
      }),
    );
  } finally {
    record.close();
  }
}

/** A target that falls short of a claim is told at the end, not only in its row. */
function shortfalls({ targets }: Told): string[] {
  return targets.flatMap(({ organism, cells }) =>
    Object.entries(cells)
      .filter(([, verdict]) => verdict === 'partial')
      .map(([finding]) => `Known to fall short: ${finding} on ${organism} is partial, though it was trained for it.`),
  );
}

function page(cells: readonly DemoCell[], parts: Told): string[] {
  const kind = (model: string): string => (parts.controls.some(({ organism }) => organism === model) ? 'control' : '');
  const rows = cells.map(({ finding, model, verdict, seconds }) => [
    finding,
    model,
    kind(model),
    verdict?.verdict ?? 'none',
    Number.isFinite(seconds) ? duration(seconds) : '–',
    verdict?.because ?? '',
  ]);
  return [table(['finding', 'organism', '', 'verdict', 'took', 'because'], rows)];
}

async function main(): Promise<void> {
  const parts = told();
  const [findings, models] = [[...loadProtocols().keys()], organismsOf(parts)];
  mkdirSync(HOME, { recursive: true });
  const began = performance.now();
  await inParallel(models, HANDS, (model) => fill(findings, [model]));
  const minutes = (performance.now() - began) / 60_000;
  const again = await fill(findings, models);
  const cells = cellsIn(models, findings);
  const all = findings.length * models.length;
  const problems = [
    ...(findings.length < LIMITS.findings
      ? [`there are ${findings.length} findings, fewer than ${LIMITS.findings}`]
      : []),
    ...(models.length < LIMITS.organisms
      ? [`there are ${models.length} organisms, fewer than ${LIMITS.organisms}`]
      : []),
    ...cellProblems(parts, cells),
    ...(minutes > LIMITS.minutes ? [`it took ${minutes.toFixed(1)} minutes, over ${LIMITS.minutes}`] : []),
    ...(again.there === all && again.runs.length === 0
      ? []
      : [`the second call found ${again.there} of ${all} runs and made ${again.runs.length}`]),
    ...(again.seconds > LIMITS.again_seconds
      ? [`the second call took ${again.seconds.toFixed(1)} s, over ${LIMITS.again_seconds}`]
      : []),
  ];
  const spent = `${findings.length} findings on ${models.length} organisms (${parts.controls.length} of them controls): ${minutes.toFixed(1)} minutes, the second call ${again.seconds.toFixed(1)} s.`;
  process.stdout.write(
    `${[await grid('show'), ...page(cells, parts), '', spent, ...shortfalls(parts), ...problems.map((problem) => `WRONG: ${problem}.`)].join('\n')}\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
