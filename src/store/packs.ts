/**
 * The older steps of long runs, compressed in blocks: a transcript of a hundred megabytes then costs what an archive of it would.
 * A run below `TAIL_BYTES` is never packed and lies in the table `step` alone. A block keeps act, time and body of each step as they
 * were recorded; `content` and `hash` follow from them and from the hash before the block, and are computed when it is read.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type Database from 'better-sqlite3';
import { Fault, sha256 } from '../contract/index.ts';
import { contentHash, linkHash } from './chain.ts';
import type { StepRow } from './rows.ts';

/** Bodies that may lie unpacked before a block is made of them. */
const TAIL_BYTES = 256 * 1024;
const PARAMS = {
  [constants.BROTLI_PARAM_QUALITY]: 6,
  [constants.BROTLI_PARAM_LGWIN]: 22,
  [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
};

interface Pack {
  readonly first: number;
  readonly last: number;
  readonly previous: string | null;
  readonly steps: Buffer;
  /** Of the compressed bytes: two spellings of one block could read the same. */
  readonly sha256: string;
}

/** Packs of one open database. What it remembers is only to save work; `forget` after a transaction that failed. */
export class Packs {
  private readonly db: Database.Database;
  /** Bytes of bodies in the tail of a run. */
  private readonly tails = new Map<string, number>();
  /** Where a packed act stands, as far as the packs have been looked through. */
  private readonly acts = new Map<string, { readonly upto: number; readonly seqs: Map<string, number> }>();
  private latest: { key: string; lines: readonly string[] } | null = null;

  constructor(db: Database.Database) {
    this.db = db;
  }

  /** Returns the packed steps from `first` to `last`, in order. @throws Fault record-damaged */
  rows(run: string, first: number, last: number): StepRow[] {
    const found = this.db
      .prepare(
        'SELECT first, last, previous, steps, sha256 FROM pack WHERE run = ? AND last >= ? AND first <= ? ORDER BY first',
      )
      .all(run, first, last) as Pack[];
    return found.flatMap((pack) => orDamaged(run, pack, () => rowsOf(run, pack, this.lines(run, pack), first, last)));
  }

  /** Returns the packed step of that act. */
  row(run: string, act: string): StepRow | undefined {
    const upto = this.db.prepare('SELECT max(last) FROM pack WHERE run = ?').pluck().get(run) as number | null;
    if (upto === null) return undefined;
    const known = this.acts.get(run) ?? { upto: 0, seqs: new Map<string, number>() };
    for (const row of known.upto < upto ? this.rows(run, known.upto + 1, upto) : []) known.seqs.set(row.act, row.seq);
    this.acts.set(run, { upto, seqs: known.seqs });
    const seq = known.seqs.get(act);
    return seq === undefined ? undefined : this.rows(run, seq, seq)[0];
  }

  /** Inside a transaction, after a step was added: packs what lies before it once that is enough for a block. */
  grown(run: string, bytes: number, seq: number): void {
    const known = this.tails.get(run);
    const tail = known === undefined ? this.measured(run) : known + bytes;
    this.tails.set(run, tail);
    if (tail - bytes >= TAIL_BYTES) this.pack(run, seq - 1);
  }

  /** Inside a transaction, at the end of a run: packs the rest of a run that has packs. Returns whether it has. */
  ended(run: string, seq: number): boolean {
    const long = this.db.prepare('SELECT 1 FROM pack WHERE run = ? LIMIT 1').get(run) !== undefined;
    if (long) this.pack(run, seq);
    return long;
  }

  forget(): void {
    this.tails.clear();
    this.acts.clear();
    this.latest = null;
  }

  private measured(run: string): number {
    return this.db.prepare('SELECT coalesce(sum(length(body)), 0) FROM step WHERE run = ?').pluck().get(run) as number;
  }

  private pack(run: string, last: number): void {
    const rows = this.db
      .prepare('SELECT seq, act, at, body, hash FROM step WHERE run = ? AND seq <= ? ORDER BY seq')
      .all(run, last) as StepRow[];
    const first = rows[0]?.seq;
    if (first === undefined) return;
    const before = this.rows(run, first - 1, first - 1)[0]?.hash ?? null;
    const text = rows.map(({ act, at, body }) => `${JSON.stringify(act)}\t${at}\t${body}`).join('\n');
    const steps = brotliCompressSync(text, { params: { ...PARAMS, [constants.BROTLI_PARAM_SIZE_HINT]: text.length } });
    this.db
      .prepare('INSERT INTO pack (run, first, last, previous, steps, sha256) VALUES (?, ?, ?, ?, ?, ?)')
      .run(run, first, last, before, steps, sha256(steps));
    this.db.prepare('DELETE FROM step WHERE run = ? AND seq <= ?').run(run, last);
    this.tails.delete(run);
  }

  private lines(run: string, pack: Pack): readonly string[] {
    const key = `${run}/${pack.first}`;
    if (this.latest?.key !== key) this.latest = { key, lines: unpacked(pack) };
    return this.latest.lines;
  }
}

function unpacked({ first, last, steps, sha256: stated }: Pack): string[] {
  if (sha256(steps) !== stated) throw new Error('its bytes have another hash');
  const lines = brotliDecompressSync(steps).toString().split('\n');
  if (lines.length !== last - first + 1) throw new Error(`it holds ${lines.length} steps`);
  return lines;
}

/** The wanted rows of a pack. Their hashes follow from all lines before them, and from nothing behind them. */
function rowsOf(run: string, pack: Pack, lines: readonly string[], first: number, last: number): StepRow[] {
  const rows: StepRow[] = [];
  let previous = pack.previous;
  for (const [index, line] of lines.slice(0, last - pack.first + 1).entries()) {
    const [name = '', at = '', body = ''] = line.split('\t');
    const act = JSON.parse(name) as string;
    const seq = pack.first + index;
    const hash = linkHash({ run, seq, act, at, body, previous });
    previous = hash;
    if (seq >= first) rows.push({ run, seq, act, kind: kindOf(body), at, body, content: contentHash(act, body), hash });
  }
  return rows;
}

const kindOf = (body: string): string => String((JSON.parse(body) as { kind?: unknown }).kind);

function orDamaged<T>(run: string, { first, last }: Pack, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Fault(
      {
        code: 'record-damaged',
        what: `steps ${first} to ${last} of run ${run}`,
        why: `what is stored is not a pack of steps, so it was changed after it was recorded (${(error as Error).message})`,
        instead: `look at \`recircuit runs verify ${run}\``,
      },
      { cause: error },
    );
  }
}
