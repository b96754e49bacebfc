/** What a cell says, in marks and words that every face of the grid uses, so that terminal, page and table cannot drift apart. */
import type { PooledCell, PublishedCell, VerdictName } from '../../contract/index.ts';
import { number, short } from '../numbers.ts';
import { type Tone, toneOfVerdict } from '../words.ts';

/** A behaviour with a finding, or by itself where only the behaviour was measured. */
export interface Column {
  readonly behaviour: string;
  readonly finding: string | null;
}

export interface Row {
  readonly model: string;
  readonly organism: boolean;
}

export interface Place {
  readonly cell: PooledCell | null;
  /** Cells of other records for the same place. */
  readonly others: readonly PooledCell[];
  readonly published: readonly PublishedCell[];
}

/** The grid as it is drawn: what stands in which place. */
export interface Layout {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly at: (row: Row, column: Column) => Place;
}

export interface Drawn {
  readonly cells: readonly PooledCell[];
  readonly published: readonly PublishedCell[];
}

export function layoutOf({ cells, published }: Drawn): Layout {
  const columns = new Map([...cells, ...published].map((item) => [keyOf(item), columnOf(item)]));
  const models = [...new Set([...cells.map(({ model }) => model), ...published.map(nameOf)])];
  const organisms = new Set(cells.filter(({ organism }) => organism).map(({ model }) => model));
  return {
    columns: [...columns.values()],
    rows: models.map((model) => ({ model, organism: organisms.has(model) })),
    at: ({ model }, column) => {
      const here = cells.filter((item) => item.model === model && keyOf(item) === keyOf(column));
      const cell = here.find(({ signed_by }) => signed_by === null) ?? here[0] ?? null;
      return {
        cell,
        others: here.filter((item) => item !== cell),
        published: published.filter((item) => nameOf(item) === model && keyOf(item) === keyOf(column)),
      };
    },
  };
}

/** A published cell stands under our card of its model, where we have one. */
export const nameOf = ({ card, model }: PublishedCell): string => card ?? model;
const columnOf = ({ behaviour, finding }: Column): Column => ({ behaviour, finding });
const keyOf = ({ behaviour, finding }: Column): string => `${behaviour} ${finding ?? ''}`;

/** A mark for each verdict: grids are wide, and a place is as narrow as its sign. The legend says them in words. */
const MARK: Readonly<Record<VerdictName, string>> = {
  reproduced: '✓',
  partial: '◐',
  'not-reproduced': '✗',
  'behaviour-absent': '○',
  inconclusive: '?',
};

export const columnName = ({ behaviour, finding }: Column): string =>
  finding === null ? behaviour : `${finding} on ${behaviour}`;

/** Returns what stands above each column: its finding, with the behaviour where two columns are of one finding. */
export function headsOf(columns: readonly Column[]): string[] {
  return columns.map((column) =>
    columns.filter(({ finding }) => finding === column.finding).length > 1 || column.finding === null
      ? columnName(column)
      : column.finding,
  );
}

export const rowName = ({ model, organism }: Row): string => `${model}${organism ? ' °' : ''}`;

/** Returns what stands in a place; empty where nothing was measured and nothing published. */
export function placeMark({ cell, others, published }: Place): string {
  if (cell === null) return published.length > 0 ? '*' : '';
  const signs = [
    ...(others.some(({ verdict }) => verdict !== cell.verdict) ? ['!'] : []),
    ...(cell.signed_by === null ? [] : ['^']),
    ...(published.length > 0 ? ['*'] : []),
  ];
  return [cellMark(cell), ...signs].join(' ');
}

function cellMark({ verdict, agreeing, runs, withdrawn, stale }: PooledCell): string {
  if (verdict === null) return 'withdrawn';
  const counted = runs === 1 ? MARK[verdict] : `${MARK[verdict]} ${agreeing}/${runs}`;
  const gone = withdrawn.length === 0 ? '' : `, ${withdrawn.length} withdrawn`;
  return `${stale.length > 0 ? `(${counted})` : counted}${gone}`;
}

/** Returns the same without marks, for those who point at it or hear it read; null where it was not measured. */
export function placeInWords({ cell }: Place): string | null {
  if (cell === null) return null;
  const { verdict, agreeing, runs, stale } = cell;
  return verdict === null ? 'withdrawn' : `${stale.length > 0 ? 'stale: ' : ''}${verdict}, ${agreeing} of ${runs}`;
}

export function toneOfPlace({ cell }: Place): Tone {
  return cell === null || cell.verdict === null || cell.stale.length > 0 ? 'none' : toneOfVerdict(cell.verdict);
}

/** Returns the legend: the lines that apply to this grid. */
export function legend({ cells, published }: Drawn): string[] {
  const marks = Object.entries(MARK).map(([verdict, mark]) => `${mark} ${verdict}`);
  const clash = cells.some((one) =>
    cells.some((other) => other.model === one.model && keyOf(other) === keyOf(one) && other.verdict !== one.verdict),
  );
  return [
    `${marks.join(', ')}; of several runs, how many agree; empty: not measured`,
    ...(published.length > 0 ? ['* known there by publication, not measured by us'] : []),
    ...(cells.some(({ organism }) => organism)
      ? ['° organism: the cell tests the instrument and says nothing of large models']
      : []),
    ...(cells.some(({ signed_by }) => signed_by !== null) ? ['^ from another record, signed by its key'] : []),
    ...(clash ? ['! another record says otherwise'] : []),
    ...(cells.some(({ stale }) => stale.length > 0)
      ? ['( ) stale: protocol, weights or engine have changed since, or a run that it rests on was withdrawn']
      : []),
  ];
}

/** Columns of the table of cells; a `#` is of numbers. */
export const FACTS = [
  'cell',
  'verdict',
  '#reproduced',
  'claims agree',
  'controls that pass',
  'published',
  'protocol',
  'holds',
] as const;

/** The same, where no side is chosen by them. */
export const FACT_NAMES: readonly string[] = FACTS.map((name) => name.replace('#', ''));

/** Returns one row of the table of cells. */
export function factsOf(cell: PooledCell): string[] {
  const { finding, model, verdict, share, agreement, nulls, published, protocol, signed_by } = cell;
  return [
    `${finding} on ${model}${signed_by === null ? '' : ` (${short(signed_by)})`}`,
    verdict ?? 'withdrawn',
    share.of === 0 ? '–' : `${share.reproduced}/${share.of} [${range(share)}]`,
    agreement === null
      ? '–'
      : `${agreement.share.toFixed(2)} over ${agreement.pairs} ${agreement.pairs === 1 ? 'pair' : 'pairs'}, chance ${agreement.by_chance.toFixed(2)}`,
    nulls.length === 0
      ? '–'
      : nulls.map((item) => `${item.criterion} ${item.passing}/${item.of} [${range(item)}]`).join(', '),
    published.length === 0 ? '–' : published.map(againstInWords).join('; '),
    short(protocol),
    holdsInWords(cell),
  ];
}

const range = ({ low, high }: { low: number; high: number }): string => `${low.toFixed(2)}–${high.toFixed(2)}`;

function againstInWords({ shared, of, by_chance, p }: PooledCell['published'][number]): string {
  return `${shared}/${of} heads, chance ${number(by_chance)}, p ${p.toExponential(0)}`;
}

function holdsInWords({ stale, left_out, withdrawn }: PooledCell): string {
  const parts = [
    ...(stale.length > 0 ? [`stale: ${stale.join('; ')}`] : []),
    ...(left_out.length > 0
      ? [`${left_out.length} left out: ${[...new Set(left_out.map(({ because }) => because))].join('; ')}`]
      : []),
    ...(withdrawn.length > 0 ? [`${withdrawn.length} withdrawn`] : []),
  ];
  return parts.length === 0 ? 'yes' : parts.join('; ');
}

/** Returns what a published cell holds, in one line. */
export function publishedInWords({ figures }: PublishedCell): string {
  if (figures.kind === 'ranking') {
    const [first] = figures.heads;
    const effect = first?.effect === null || first === undefined ? '' : ` (${number(first.effect)})`;
    return `${figures.heads.length} ${figures.heads.length === 1 ? 'head' : 'heads'}, ${first?.component}${effect} first`;
  }
  if (figures.kind === 'sender-matrix') {
    const all = figures.values.flatMap((row, layer) =>
      row.map((effect, head) => ({ name: `a${layer}.h${head}`, effect })),
    );
    const [most] = all.sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
    return `senders into ${figures.receiver}, ${most?.name} (${number(most?.effect ?? 0)}) first`;
  }
  const main = figures.rows.find(
    ({ setting, nmax, offset, shots }) => setting === 'setting1' && nmax === 9 && offset === 1 && shots === 16,
  );
  const best =
    main === undefined ? '' : `, +1 at 16 shots: contrast ${number(main.contrast)}, base ${number(main.base)}`;
  return `${figures.rows.length} accuracies${best}`;
}

/** Returns where a published cell comes from, in one line. */
export function sourceInWords({ source }: PublishedCell): string {
  const { paper, arxiv, repository, commit, file, sha256, verified } = source;
  const from = repository === null ? paper : `arXiv ${arxiv}, ${repository} ${commit ?? ''}, ${file}`;
  return `${from}, sha256 ${short(sha256)}${verified ? '' : ', NOT VERIFIED'}`;
}

/** Returns one row of the table of published cells: of what, on which model, the figures, their source. */
export function publishedFacts(cell: PublishedCell): string[] {
  return [columnName(cell), nameOf(cell), publishedInWords(cell), sourceInWords(cell)];
}
