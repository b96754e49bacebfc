/**
 * How far the findings can be trusted, one row each: what a run claims, held against heads that are known to do it; as many random
 * claims as are asked for, judged by the same verification; and a twin with permuted heads. `npm run calibration` writes
 * calibration.md and calibration.json here; with `-- --finding <name>` the rows of other findings stay as they are.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { wilson } from '../../src/grid/index.ts';
import { loadProtocol } from '../../src/protocol/index.ts';
import { type Calibrated, calibrateFinding } from './calibration/finding.ts';
import type { Nulls } from './calibration/nulls.ts';
import { placesOf } from './calibration/places.ts';
import { inParallel, table } from './shared.ts';

/** Random claims for each finding, and the most of all of them that may be called reproduced. */
const ASKED = { nulls: 50, share: 0.01 };
/** Rows that are measured side by side. */
const AT_ONCE = 2;

export function page(rows: readonly Calibrated[]): string {
  const nulls = rows.reduce((sum, row) => sum + row.nulls.claims, 0);
  const wrong = rows.reduce((sum, row) => sum + row.nulls.reproduced, 0);
  const { high } = wilson(wrong, nulls);
  const share = (value: number | null): string => (value === null ? '–' : value.toFixed(2));
  const columns = [
    'finding',
    'on',
    'verdict',
    'known by',
    'role',
    'claimed',
    'recall',
    'precision',
    'random claims',
    'reproduced',
    'partial',
    'twin',
  ];
  const lines = rows.flatMap((row) =>
    row.roles.map((role, index) => [
      index === 0 ? row.finding : '',
      index === 0 ? row.model : '',
      index === 0 ? (row.verdict ?? 'none') : '',
      role.known_by,
      role.role,
      String(role.claimed),
      share(role.recall),
      share(role.precision),
      ...(index === 0
        ? [claimsOf(row.nulls), String(row.nulls.reproduced), String(row.nulls.partial), row.twin.says]
        : ['', '', '', '']),
    ]),
  );
  return `# Calibration of the findings

Made by \`npm run calibration\`; do not edit. ${new Set(rows.map(({ finding }) => finding)).size} findings on organisms on which they hold.

${table(columns, lines)}

- known by: \`card\`, the heads that were planted; \`reference\`, the heads that most runs of \`recircuit calibrate\` with other seeds claimed for the role, or as many as are claimed here, ranked by them; \`–\`: nothing tells which heads do it. Which motifs a role consists of stands in \`calibration.yaml\`. Claimed 0: the role was left empty
- random claims: different sets of heads of equal number in the same layers in the place of the claim, verified on held-out prompts in the same way as the claim itself, which must come out as in its run. Where a layer has too few heads for so many different sets, the others are drawn from any layers. Core criteria are measured one after another, and no further, against no more control sets, than it takes to fail one
- twin: the same function with every head at another index of its layer, searched and verified anew

${wrong} of ${nulls} random claims were called reproduced (${((100 * wrong) / Math.max(1, nulls)).toFixed(1)} %, at most ${(Math.ceil(1000 * high) / 10).toFixed(1)} % at 95 % confidence). That a single criterion of the kind
\`exceeds-null\` with threshold 0 lets one of twenty control sets pass in the place of a claim is how it is made: one of them is always the largest. No verdict rests on such a criterion alone.
${problemsIn(rows)
  .map((problem) => `\nWRONG: ${problem}.\n`)
  .join('')}`;
}

function claimsOf({ claims, of_any_layers }: Nulls): string {
  return of_any_layers === 0 ? String(claims) : `${claims} (${of_any_layers} of any layers)`;
}

/** Returns what is wrong, one clause each. */
export function problemsIn(rows: readonly Calibrated[]): string[] {
  const nulls = rows.reduce((sum, row) => sum + row.nulls.claims, 0);
  const wrong = rows.reduce((sum, row) => sum + row.nulls.reproduced, 0);
  return [
    ...rows.flatMap(({ finding, model, verdict, nulls: { claims, own }, twin }) => [
      ...(verdict === 'reproduced' ? [] : [`${finding} on ${model} is ${verdict ?? 'without a verdict'}`]),
      ...(claims >= ASKED.nulls ? [] : [`${finding} had ${claims} random claims`]),
      ...(own === verdict ? [] : [`its own claim is ${own} where random ones are judged: ${finding} on ${model}`]),
      ...(twin.same ? [] : [`the twin of ${model} says otherwise of ${finding}: ${twin.says}`]),
    ]),
    ...(wrong <= ASKED.share * nulls ? [] : [`${wrong} of ${nulls} random claims were called reproduced`]),
  ];
}

function write(out: string, rows: Calibrated[]): void {
  const place = ({ finding, model }: Calibrated): string => `${finding} ${model}`;
  rows.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  writeFileSync(join(out, 'calibration.md'), page(rows));
  writeFileSync(join(out, 'calibration.json'), `${JSON.stringify(rows, null, 1)}\n`);
}

async function main(): Promise<void> {
  const here = dirname(fileURLToPath(import.meta.url));
  const { values } = parseArgs({
    options: {
      finding: { type: 'string', multiple: true },
      nulls: { type: 'string', default: String(ASKED.nulls) },
      out: { type: 'string', default: here },
    },
  });
  mkdirSync(values.out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-calibration-'));
  const only = values.finding;
  const file = join(values.out, 'calibration.json');
  const kept = only && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Calibrated[]) : [];
  const rows = kept.filter(({ finding }) => !only?.includes(finding));
  try {
    const places = placesOf().filter(({ finding }) => only?.includes(finding) ?? true);
    await inParallel(places, AT_ONCE, async ({ finding, organism: model }) => {
      const began = performance.now();
      const row = await calibrateFinding({
        protocol: loadProtocol(finding),
        model,
        nulls: Number(values.nulls),
        folder: join(folder, `${finding}-${model}`),
      });
      rows.push(row);
      // A row takes minutes: what is measured stays, whatever comes after it.
      write(values.out, rows);
      const { claims, reproduced } = row.nulls;
      process.stderr.write(
        `${finding} on ${model}: ${row.verdict}, ${reproduced} of ${claims} random claims reproduced, twin ${row.twin.says}; ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
      );
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const problems = problemsIn(rows);
  process.stdout.write(page(rows));
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
