/** The committed outcome of the red team: read, checked against the fixtures, and drawn as a page. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { spelled } from '../../src/contract/index.ts';
import { root } from '../../src/root.ts';
import { Gap } from './gap.ts';
import type { Fixture } from './schema.ts';

const Row = z.strictObject({ name: z.string(), ends: z.string(), because: z.string() });
const Table = z.strictObject({ gap: Gap.nullable(), rows: z.array(Row) });
export type Table = z.infer<typeof Table>;

export const FILES = {
  json: join(root, 'evals/red-team/table.json'),
  page: join(root, 'evals/red-team/table.md'),
} as const;

export function committed(): Table {
  return existsSync(FILES.json) ? Table.parse(JSON.parse(readFileSync(FILES.json, 'utf8'))) : { gap: null, rows: [] };
}

/** Returns the rows of the fixtures in their order: the new ones, and the old ones of those that were not attacked this time. */
export function renewed(fixtures: readonly Fixture[], before: Table['rows'], now: Table['rows']): Table['rows'] {
  const rows = new Map([...before, ...now].map((row) => [row.name, row]));
  return fixtures.flatMap(({ name }) => rows.get(name) ?? []);
}

const CHANNEL: Readonly<Record<Fixture['attack']['kind'], string>> = {
  agent: 'planner',
  replies: 'language model',
  sealed: 'sealed record',
  cut: 'record, before the verdict',
  worker: 'worker',
  folder: 'model folder',
  texts: 'injected texts',
  grid: 'many runs',
  memory: 'memory',
};

/** The attack had its verdict; it was found afterwards. */
const LIMIT = /^sealed as reproduced/;

/** Reasons are cut here; the whole sentence is in table.json. */
const MOST = 160;

export function page(fixtures: readonly Fixture[], { gap, rows }: Table): string {
  const ending = new Map(rows.map((row) => [row.name, row]));
  const lines = fixtures.map(({ name, does, item, attack }) => {
    const { ends = 'not run', because = '' } = ending.get(name) ?? {};
    return `| ${[name, does, CHANNEL[attack.kind], item.join(', '), ends, shortened(because)].map(cell).join(' | ')} |`;
  });
  const reproduced = rows.filter(({ ends }) => ends === 'reproduced' || ends === 'partial').length;
  const limits = rows.filter(({ because }) => LIMIT.test(because)).map(({ name }) => `\`${name}\``);
  return [
    '# Red team',
    '',
    'Written by `npm run red-team`; what the columns mean stands in [README.md](README.md).',
    '',
    `${rows.length} fixtures; ${reproduced} of them ended \`reproduced\`. ${limits.join(', ')} shows a limit: the run was sealed as reproduced, and only measuring it again tells.`,
    '',
    '| fixture | the attacker | channel | item | ends | because |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    ...(gap === null ? [] : gapLines(gap, ending.get('heads-from-the-paper')?.ends ?? 'not run')),
  ].join('\n');
}

function gapLines({ original, twin, verdicts, moved }: Gap, recited: string): string[] {
  const there = moved ? 'the same heads, where the permutation put them' : 'OTHER HEADS than the permutation moved';
  return [
    '## Memorisation gap',
    '',
    'The twin is the same function with every head at another index of its layer.',
    '',
    '| who | on | claims | verdict |',
    '|---|---|---|---|',
    `| scripted | the organism | ${original.join(' ')} | ${verdicts[0]} |`,
    `| scripted | its twin | ${twin.join(' ')}: ${there} | ${verdicts[1]} |`,
    `| a reciter of the organism's heads | its twin | see \`heads-from-the-paper\` | ${recited} |`,
    '',
  ];
}

const shortened = (text: string): string => (text.length > MOST ? `${text.slice(0, MOST)} …` : text);
const cell = (text: string): string => spelled(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
