/** Which runs a grid lacks: a finding, a model and a seed without a run that holds, and what an earlier attempt left of it. */
import type { PooledCell } from '../contract/index.ts';
import { loadProtocol, protocolHash } from '../protocol/index.ts';
import type { RunRecord } from '../store/index.ts';

export interface Wanted {
  readonly findings: readonly string[];
  readonly models: readonly string[];
  /** Seeds from 0. */
  readonly seeds: number;
  readonly planner: string;
}

export interface Lacking {
  readonly finding: string;
  readonly model: string;
  readonly seed: number;
  /** The run that was begun for it and can go on, or null. */
  readonly begun: string | null;
  /** Why a run that is there does not do; empty where there is none. */
  readonly because: string;
}

export interface Missing {
  readonly lacking: readonly Lacking[];
  /** Runs that stand already. */
  readonly there: number;
}

/** @param cells of the grid of that record */
export function missingIn(record: RunRecord, cells: readonly PooledCell[], wanted: Wanted): Missing {
  const runs = record
    .list()
    .filter(({ planner, origin, imported }) => planner === wanted.planner && origin === null && imported === null);
  const own = cells.filter(({ signed_by }) => signed_by === null);
  const holding = new Set(own.flatMap(({ stale, counted }) => (stale.length === 0 ? counted : [])));
  const lacking: Lacking[] = [];
  let there = 0;
  for (const finding of wanted.findings) {
    const protocol = protocolHash(loadProtocol(finding));
    for (const model of wanted.models) {
      for (let seed = 0; seed < wanted.seeds; seed++) {
        const tried = runs.filter((run) => run.finding === finding && run.model === model && run.seed === seed);
        if (tried.some(({ run }) => holding.has(run))) {
          there++;
          continue;
        }
        const begun = tried.findLast(
          ({ state, protocol_sha256 }) => state !== 'sealed' && protocol_sha256 === protocol,
        );
        lacking.push({ finding, model, seed, begun: begun?.run ?? null, because: reasonOf(tried, own) });
      }
    }
  }
  return { lacking, there };
}

function reasonOf(tried: ReturnType<RunRecord['list']>, cells: readonly PooledCell[]): string {
  const last = tried.findLast(({ state }) => state === 'sealed');
  if (last === undefined) return '';
  if (last.withdrawn !== null) return `run ${last.run} was withdrawn`;
  const left = cells.flatMap(({ left_out }) => left_out).find(({ run }) => run === last.run)?.because;
  return left ?? cells.find(({ counted }) => counted.includes(last.run))?.stale.join('; ') ?? '';
}
