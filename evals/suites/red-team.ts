/**
 * Attacks on everything that could make a verdict better than it is, through the true channels. None may end `reproduced`, each
 * must name its reason. `npm run red-team [fixture ...]` writes evals/red-team/table.json and table.md: all of them, or the rows of
 * those that are named (`gap`: the memorisation gap).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spelled } from '../../src/contract/index.ts';
import { Bench } from '../red-team/bench.ts';
import { type Gap, memorisationGap } from '../red-team/gap.ts';
import { type Defended, run } from '../red-team/run.ts';
import { type Fixture, readFixtures } from '../red-team/schema.ts';
import { committed, FILES, page, renewed } from '../red-team/table.ts';
import { inParallel } from './shared.ts';

/** Fixtures under way: each may have a worker. */
const AT_ONCE = 2;

/** Asks for the memorisation gap, where fixtures are named. */
const GAP = 'gap';

async function main(names: readonly string[]): Promise<void> {
  const all = readFixtures();
  const known = [...all.map(({ name }) => name), GAP];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no fixture ${unknown.join(', ')}: see evals/red-team/fixtures.yaml`);
  const asked = names.length === 0 ? known : names;
  const folder = mkdtempSync(join(tmpdir(), 'recircuit-red-team-'));
  // What is signed here is signed with a key of its own.
  process.env['RECIRCUIT_KEY_FILE'] = join(folder, 'signing-key.pem');
  try {
    const bench = new Bench(folder);
    const chosen = all.filter(({ name }) => asked.includes(name));
    const ends = await inParallel(chosen, AT_ONCE, (fixture) => attacked(fixture, bench, all));
    if (asked.includes(GAP)) write(all, [], await memorisationGap(bench));
    const broken = ends.filter(({ held }) => !held);
    process.stdout.write(`${ends.length - broken.length} of ${ends.length} fixtures ended as they must.\n`);
    process.exitCode = broken.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The table is renewed after every fixture: the whole list takes minutes. */
async function attacked(fixture: Fixture, bench: Bench, all: readonly Fixture[]): Promise<Defended> {
  const before = Date.now();
  const end = await run(fixture, bench);
  const seconds = ((Date.now() - before) / 1000).toFixed(1);
  const word = end.held ? 'held  ' : 'BROKEN';
  process.stdout.write(`${word} ${end.name} (${seconds} s): ${end.ends}: ${spelled(end.because).slice(0, 200)}\n`);
  write(all, [end]);
  return end;
}

function write(fixtures: readonly Fixture[], ends: readonly Defended[], gap?: Gap): void {
  const before = committed();
  const now = ends.map(({ name, ends: how, because }) => ({ name, ends: how, because }));
  const table = { gap: gap ?? before.gap, rows: renewed(fixtures, before.rows, now) };
  writeFileSync(FILES.json, `${JSON.stringify(table, null, 2)}\n`);
  writeFileSync(FILES.page, page(fixtures, table));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
