/** The committed page of the benchmark, and whether it keeps what is promised. */
import type { Benchmark } from '../record.ts';
import { table } from '../shared.ts';

interface Claim {
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
  readonly ratio: string;
  readonly asked: string;
  readonly holds: boolean;
}

const ms = (seconds: number): string => `${(1000 * seconds).toPrecision(3)} ms`;
const mb = (bytes: number): string => `${(bytes / 1e6).toPrecision(3)} MB`;
const times = (ratio: number): string => `${ratio.toPrecision(3)} ×`;

function faster(what: string, ours: number, theirs: number, least: number): Claim {
  const ratio = theirs / ours;
  return {
    what,
    ours: ms(ours),
    theirs: ms(theirs),
    ratio: times(ratio),
    asked: `at least ${least} ×`,
    holds: ratio >= least,
  };
}

function smaller(what: string, ours: number, theirs: number): Claim {
  const ratio = ours / theirs;
  return {
    what,
    ours: mb(ours),
    theirs: mb(theirs),
    ratio: ratio.toPrecision(3),
    asked: 'at most 1',
    holds: ratio <= 1,
  };
}

const NAMES = { repeated: 'repeated history', unique: 'unique text' } as const;

function claims({ ours, theirs }: Benchmark): Claim[] {
  const kinds = Object.keys(NAMES) as (keyof typeof NAMES)[];
  const each = kinds.flatMap((kind): Claim[] => {
    const [mine, its] = [ours.transcripts[kind], theirs.transcripts[kind]];
    if (mine === undefined || its === undefined) throw new Error(`nothing was measured of ${kind}`);
    const name = `${NAMES[kind]}, ${mb(its.event_bytes)} of events`;
    const slowest = Math.max(...Object.values(mine.search).map(({ median }) => median));
    return [
      faster(`first page; its sample read: ${name}`, mine.page.median, its.sample.median, 20),
      {
        what: `slowest of ${Object.keys(mine.search).length} full-text searches: ${name}`,
        ours: ms(slowest),
        theirs: 'has none',
        ratio: '',
        asked: 'under 100 ms',
        holds: slowest < 0.1,
      },
      smaller(`bytes on disk, record: ${name}`, mine.bytes, its.bytes),
    ];
  });
  const list = faster(
    `list of ${ours.many.runs} runs with verdicts; its batched headers`,
    ours.many.list.median,
    theirs.headers.median,
    10,
  );
  return [...each, list];
}

export const holds = (benchmark: Benchmark): boolean => claims(benchmark).every((claim) => claim.holds);

export function page(benchmark: Benchmark): string {
  const { ours, theirs, at, machine } = benchmark;
  const rows = claims(benchmark).map(({ what, ours: mine, theirs: its, ratio, asked, holds: kept }) => [
    what,
    mine,
    its,
    ratio,
    asked,
    kept ? 'yes' : 'NO',
  ]);
  const searches = Object.entries(ours.transcripts).flatMap(([kind, { search }]) =>
    Object.entries(search).map(([words, found]) => [kind, words, String(found.steps), ms(found.median)]),
  );
  const beside = Object.entries(ours.transcripts).map(([kind, mine]) => {
    const its = theirs.transcripts[kind];
    const both = mine.bytes + mine.index_bytes;
    return [
      kind,
      String(mine.steps),
      mb(mine.bytes),
      mb(mine.index_bytes),
      its === undefined ? '' : (both / its.bytes).toPrecision(3),
      `${mine.index.toFixed(1)} s`,
    ];
  });
  return `# The record, against inspect-ai ${theirs.version} on the same content

Made by \`npm run bench:record\`; do not edit. ${at.slice(0, 10)}, ${machine}. Both sides in one run, in processes that are warm; medians of ${ours.many.list.all.length}.
A time says little on another machine; the ratios are the claim.

${table(['what', 'recircuit', 'inspect-ai', 'ratio', 'asked', 'holds'], rows)}

Durable steps a second, one after the other, each on the disk before the next: ${Math.round(ours.many.steps_per_second)} (${ours.many.steps} steps of ${ours.many.runs} runs, sealed and signed). The time of Inspect's headers is\nwithout finding the files, which took another ${ms(theirs.listing.median)}.

The search index is a file of its own, made from the record when somebody first searches a run, and may be deleted. Inspect has none, so its bytes are told of here and not above:

${table(['transcript', 'steps', 'record', 'index', 'both / .eval', 'made in'], beside)}

${table(['transcript', 'searched', 'steps found', 'time'], searches)}
`;
}
